import { fillUniform, type Sparsifier, streamOf } from '@gossamer/train';
import { requireShare } from '../require-share.js';

export interface SurgeryOptions {
  /** Names of the parameters that are pruned and spliced. */
  readonly parameters: readonly string[];
  /** The threshold of a tensor is the mean magnitude of its weights as training begins plus so many standard deviations; a number, or one a parameter. */
  readonly deviations: number | readonly number[];
  /** Width between removing and taking back, of the threshold: below 1 - margin weights go, above 1 + margin they come back. Default 0.1. */
  readonly margin?: number;
  /** Masks are looked at with probability 1 / (1 + decay step). Default 1e-4. */
  readonly decay?: number;
  /** Share of the updates from which masks stay as they are. Default 0.75. */
  readonly end?: number;
}

/**
 * Weights go and come back: those under a threshold are 0 in the forward pass, but are trained on out of sight, by the gradient at 0, and return when they have grown beyond another.
 *
 * Source: Guo, Yao and Chen, "Dynamic Network Surgery for Efficient DNNs" (arXiv:1608.04493), equations 3 and 4. Throws ERR_PRUNE_OPTION.
 */
export function surgery(options: SurgeryOptions): Sparsifier {
  const { parameters, deviations, margin = 0.1, decay = 1e-4, end = 0.75 } = options;
  requireShare('margin', margin);
  requireShare('end', end);
  const dense = new Map<string, Float32Array>();
  const thresholds = new Float32Array(parameters.length);
  return {
    parameters,
    digest: JSON.stringify(['surgery', deviations, margin, decay, end]),
    freezes: false,
    state(own) {
      [...own].forEach(([name, { weight }], i) => {
        dense.set(name, weight.slice());
        thresholds[i] = thresholdOf(weight, typeof deviations === 'number' ? deviations : deviations[i]!);
      });
      return new Map([
        ...[...dense].map(([name, data]) => [`dense/${name}`, data] as const),
        ['thresholds', thresholds],
      ]);
    },
    beforeStep({ parameters: own }) {
      for (const [name, { weight }] of own) weight.set(dense.get(name)!);
    },
    afterStep({ step, steps, seed, parameters: own }) {
      const draw = new Float32Array(1);
      fillUniform(draw, seed, streamOf('surgery'), step);
      const isLooked = step < end * steps && draw[0]! < 1 / (1 + decay * step);
      [...own].forEach(([name, { weight, mask }], i) => {
        const kept = dense.get(name)!;
        kept.set(weight);
        const [low, high] = [thresholds[i]! * (1 - margin), thresholds[i]! * (1 + margin)];
        for (let j = 0; j < weight.length; j++) {
          const size = Math.abs(weight[j]!);
          if (isLooked && size < low) mask[j] = 0;
          else if (isLooked && size > high) mask[j] = 1;
          if (mask[j] === 0) weight[j] = 0;
        }
      });
    },
  };
}

/** Mean and standard deviation of the magnitudes. */
function thresholdOf(weight: Float32Array, deviations: number): number {
  const { length } = weight;
  const mean = weight.reduce((sum, value) => sum + Math.abs(value), 0) / length;
  const variance = weight.reduce((sum, value) => sum + (Math.abs(value) - mean) ** 2, 0) / length;
  return Math.max(0, mean + deviations * Math.sqrt(variance));
}
