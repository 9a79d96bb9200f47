import type { LossTerm, TrainOptions } from '@gossamer/train';
import { badOption } from '../errors.js';
import { PRESERVE, type Preserve } from '../preserve.js';
import type { GridBits } from './first-grids.js';
import type { ActivationRule } from './insert-grids.js';
import type { Learner, QuantizeAwareOptions } from './quantize-aware-options.js';

/** Options with their defaults, checked; `training`: those of the training. */
export interface ResolvedAware {
  readonly training: Omit<TrainOptions, 'losses' | 'rewrite'>;
  readonly losses: readonly LossTerm[] | undefined;
  readonly learner: Learner | undefined;
  readonly bits: GridBits;
  readonly granularity: 'perAxis' | 'perTensor';
  readonly rule: ActivationRule;
  readonly stages: readonly number[];
  readonly scaleLearningRate: number;
  readonly clipDecay: number;
  readonly samples: number;
  readonly preserve: Preserve;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** Fills in defaults; throws ERR_QUANTIZE_OPTION. */
export function resolveAware(options: QuantizeAwareOptions): ResolvedAware {
  const { losses, learner, weightBits = 4, activationBits = 4, edgeBits = 8, ...others } = options;
  const {
    granularity = 'perAxis',
    activations: rule = 'lsq',
    stages = [],
    preserve = 'auto',
    include = [],
    exclude = [],
    ...rest
  } = others;
  const { scaleLearningRate = 1, clipDecay = 1e-2, samples = 256, ...training } = rest;
  for (const [name, bits] of Object.entries({ weightBits, activationBits, edgeBits })) requireBits(name, bits);
  stages.forEach((bits, i) => {
    requireBits('stages', bits);
    if (i > 0 && bits >= stages[i - 1]!) badOption('stages', 'fewer bits from stage to stage', stages);
  });
  if (granularity !== 'perAxis' && granularity !== 'perTensor')
    badOption('granularity', 'perAxis, perTensor', granularity);
  if (!['lsq', 'pact', 'ema', 'fixed'].includes(rule)) badOption('activations', 'lsq, pact, ema, fixed', rule);
  for (const [name, value] of Object.entries({ scaleLearningRate, clipDecay })) {
    if (!(value >= 0 && value < Infinity)) badOption(name, 'a finite number >= 0', value);
  }
  if (!PRESERVE.includes(preserve)) badOption('preserve', PRESERVE.join(', '), preserve);
  if (!(Number.isInteger(samples) && samples > 0)) badOption('samples', 'an integer > 0', samples);
  const bits = { weight: weightBits, activation: activationBits, edge: edgeBits };
  return {
    training,
    losses,
    learner,
    bits,
    granularity,
    rule,
    stages,
    scaleLearningRate,
    clipDecay,
    samples,
    preserve,
    include,
    exclude,
  };
}

function requireBits(name: string, bits: number): void {
  if (!(Number.isInteger(bits) && bits >= 2 && bits <= 8)) badOption(name, 'an integer in 2..8', bits);
}
