import type { Value } from '../../ir/value.js';
import type { Emitter } from '../emitter.js';

/** What a recurrent layer gives: its state after every step [n, t, units], and after the last one [n, units]. */
export interface States {
  readonly sequence: Value;
  readonly last: Value;
}

/**
 * Runs a recurrent operator over the steps of `x` [n, t, d] whose `mask` [n, t] is true; at the others the state stays as it is, at first
 * zero.
 *
 * The steps to take are moved to the front, in order; what follows them does not reach back to their states. The state at a step is then
 * the one after as many steps as the mask has had so far. `run` gives the state after every step.
 */
export function runMasked(e: Emitter, x: Value, mask: Value, run: (steps: Value) => Value): States {
  const shape = e.op('Shape', [mask]);
  const dim = (axis: number) => e.op('Slice', [shape, e.int64([axis]), e.int64([axis + 1]), e.int64([0])]);
  const steps = dim(1);
  const taken = e.op('CumSum', [e.cast(mask, 'int64'), e.int64(1)]);
  // The place of each step among those taken; steps left out meet at a place of no use behind all others.
  const places = e.op('Where', [mask, e.op('Sub', [taken, e.int64(1)]), steps]);
  const numbers = e.op('Range', [e.int64(0), e.op('Squeeze', [steps, e.int64([0])]), e.int64(1)]);
  const dims = e.op('Concat', [dim(0), e.op('Add', [steps, e.int64([1])])], { axis: 0 });
  const sources = e.op(
    'ScatterElements',
    [e.op('Expand', [e.int64(0), dims]), places, e.op('Expand', [numbers, shape])],
    { axis: 1, reduction: 'max' },
  );
  const order = e.op('Slice', [sources, e.int64([0]), e.int64([-1]), e.int64([1])]);
  const at = (data: Value, index: Value) => e.op('GatherND', [data, index], { batch_dims: 1 });
  const compact = at(x, e.op('Unsqueeze', [order, e.int64([2])]));
  const states = e.op('Pad', [run(compact), e.int64([0, 1, 0, 0, 0, 0])]);
  const end = e.op('Slice', [taken, e.int64([-1]), e.int64([Number.MAX_SAFE_INTEGER]), e.int64([1])]);
  return { sequence: at(states, e.op('Unsqueeze', [taken, e.int64([2])])), last: at(states, end) };
}
