import type { ParameterGroup } from '@gossamer/train';
import type { Grids } from './grids.js';
import { type ActivationRule, clipRatio, scalePower, zeroShift } from './insert-grids.js';

/** Options of the learned scales: their own learning rate and no decay, but that of the clips of PACT (section 3 of the paper). */
export function gridGroups(
  { activations, weights }: Grids,
  rule: ActivationRule,
  learningRateFactor: number,
  clipDecay: number,
): ParameterGroup[] {
  const values = [...weights, ...(rule === 'lsq' ? activations : [])].map(({ value }) => scalePower(value));
  const shifts =
    rule === 'lsq' ? activations.filter(({ isSigned }) => isSigned).map(({ value }) => zeroShift(value)) : [];
  const clips = rule === 'pact' ? activations.map(({ value }) => clipRatio(value)) : [];
  return [
    { names: [...values, ...shifts], learningRateFactor, weightDecay: 0 },
    ...(clips.length > 0 ? [{ names: clips, learningRateFactor, weightDecay: clipDecay, decay: 'all' as const }] : []),
  ];
}
