import type { Sparsifier } from '@gossamer/train';
import { requireShare } from '../require-share.js';
import { cubicSparsity } from '../schedules/cubic.js';
import type { GradualOptions } from './gradual.js';
import { maskLeast } from './shared-counts.js';

/**
 * What moves to 0 in fine-tuning goes, however large it is: scores are -Σ rate g w over the updates, w the weight that lies under the mask. Weights keep their value while they are masked, and may
 * come back.
 *
 * Source: Sanh, Wolf and Rush, "Movement Pruning" (arXiv:2005.07683), equations 4 and 6. Throws ERR_PRUNE_OPTION.
 */
export function movement(options: GradualOptions): Sparsifier {
  const { parameters, sparsity, begin = 0.1, end = 0.75, every = 1, allocation = 'global' } = options;
  requireShare('sparsity', sparsity);
  requireShare('end', end, begin);
  const dense = new Map<string, Float32Array>();
  const scores = new Map<string, Float32Array>();
  return {
    parameters,
    digest: JSON.stringify(['movement', sparsity, begin, end, every, allocation]),
    freezes: false,
    state(own) {
      for (const [name, { weight }] of own) {
        dense.set(name, weight.slice());
        scores.set(name, new Float32Array(weight.length));
      }
      const named = (what: string, arrays: ReadonlyMap<string, Float32Array>) =>
        [...arrays].map(([name, data]) => [`${what}/${name}`, data] as const);
      return new Map([...named('dense', dense), ...named('score', scores)]);
    },
    beforeStep({ learningRate, parameters: own }) {
      for (const [name, { weight, gradient, mask }] of own) {
        const [kept, score] = [dense.get(name)!, scores.get(name)!];
        weight.set(kept);
        for (let i = 0; i < weight.length; i++) {
          score[i]! -= learningRate * gradient[i]! * kept[i]!;
          // The weight itself is trained only while it is in use.
          if (mask[i] === 0) gradient[i] = 0;
        }
      }
    },
    afterStep({ step, steps, parameters: own }) {
      // What is masked stands still, also where the optimiser remembers that it moved.
      for (const [name, { weight, mask }] of own) {
        const kept = dense.get(name)!;
        for (let i = 0; i < weight.length; i++) if (mask[i] === 1) kept[i] = weight[i]!;
      }
      const last = Math.ceil(end * steps);
      const names = [...own.keys()];
      if (step === last || (step < last && step % every === 0)) {
        const wanted = cubicSparsity((step + 1) / steps, sparsity, begin, end);
        if (wanted > 0) maskLeast([...own.values()], (_, i) => scores.get(names[i]!)!, wanted, allocation);
      }
      for (const [name, { weight, mask }] of own) {
        const kept = dense.get(name)!;
        for (let i = 0; i < weight.length; i++) weight[i] = mask[i] === 1 ? kept[i]! : 0;
      }
    },
  };
}
