import { periodicMap } from '../element-maps.js';
import { defineGroupRule } from '../rule.js';

const GATES: Readonly<Record<string, number>> = { RNN: 1, GRU: 3, LSTM: 4 };
/** Peepholes of an LSTM: input, output and forget gate. */
const PEEPHOLES = 3;

/**
 * RNN, GRU, LSTM: a hidden unit is a row of every gate in W, R and both halves of B, a column of R, an element of peepholes and states. Both
 * directions have the same hidden size and share tensors, so that unit i of one goes with unit i of the other.
 */
export const recurrent = defineGroupRule({
  ops: ['RNN', 'GRU', 'LSTM'],
  tie(axes) {
    const { node } = axes;
    const [x, w, r, b, lengths, ...rest] = node.inputs;
    const hidden = r && axes.length(r, 2);
    if (!x || !w || !r || !hidden || node.int('layout', 0) !== 0) return;
    const gates = GATES[node.op]!;
    axes.tie(x, 2, w, 2);
    const parts = [
      [w, gates],
      [r, gates],
      [b, 2 * gates],
      [rest[2], PEEPHOLES],
    ] as const;
    for (const [value, count] of parts) {
      if (!value || axes.length(value, 1) !== count * hidden) continue;
      axes.tieBy(r, 2, value, 1, periodicMap(count * hidden, hidden));
      if (count !== PEEPHOLES || value !== rest[2]) axes.masks(value, 1);
    }
    for (const state of [rest[0], rest[1]]) {
      if (!state) continue;
      axes.tie(state, 2, r, 2);
      axes.masks(state, 2);
    }
    node.outputs.forEach((y, slot) => {
      if (!y) return;
      axes.tie(y, slot === 0 ? 3 : 2, r, 2);
      axes.kind(y, slot === 0 ? 3 : 2, 'unit');
    });
    axes.kind(r, 2, 'unit');
    if (lengths) axes.pass(lengths, 0);
  },
});
