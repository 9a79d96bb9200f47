import type { Value, WeightView } from '@gossamer/graph';
import type { WeightPlan } from '../algorithms/weight-plan.js';
import type { ResolvedOptions } from '../resolved-options.js';
import type { SchemeChoice, SchemeOptions } from '../schemes/scheme-options.js';
import { makesOutput } from './makes-output.js';

/** Operators that compute on blocks of codes along the input axis: their weights are in blocks unless told otherwise. */
export const BLOCKED: ReadonlySet<string> = new Set(['Gather', 'Gemm', 'MatMul']);
/** Fewer elements than these are not worth codes, scales and the nodes that expand them. */
export const LEAST_ELEMENTS = 256;

/** The scheme that a weight gets, and how its grid is fitted; undefined for one that stays in float. `tied`: tensors that an embedding and a product read. */
export function planView(
  view: WeightView,
  tied: ReadonlySet<Value>,
  schemes: SchemeOptions,
  { seed }: Pick<ResolvedOptions, 'seed'>,
): { plan: WeightPlan; choice: SchemeChoice } | undefined {
  const isHead = BLOCKED.has(view.node.kind) && makesOutput(view.node.output);
  const isEdge = view.role === 'embedding' || isHead || tied.has(view.source);
  const choice = schemes.choose(view.node, isEdge);
  if (!choice) return undefined;
  const granularity = choice.granularity ?? (BLOCKED.has(view.node.kind) ? choice.blockSize : 'row');
  const isInBlocks = typeof granularity === 'number';
  const plan: WeightPlan = {
    view,
    key: `${choice.scheme.name} ${granularity} ${schemes.clip}`,
    blockFit: isInBlocks ? choice.scheme.blockFit?.({ clip: schemes.clip, blockSize: granularity }) : undefined,
    fit: (data, rows, columns, importance) =>
      choice.scheme.fit(data, {
        rows,
        columns,
        granularity,
        clip: schemes.clip,
        seed,
        ...(importance ? { importance } : {}),
      }),
  };
  return { plan, choice: { ...choice, granularity } };
}
