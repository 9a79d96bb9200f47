import type { Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { defineLowering } from './lowering.js';
import { type CellKind, part, unroll } from './recurrent/unroll.js';

const add = (g: Emitter, a: Value, b: Value | undefined) => (b ? g.add(a, b) : a);

/** Gates i, o, f, c. Source: ONNX operator LSTM. */
const CELL: CellKind = {
  gates: 4,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  mergesBiases: () => true,
  step(g, { node, activations, recurrence, peephole }, x, { h, c }) {
    const [gate, fresh, out] = activations;
    const sums = h ? g.add(x, g.matmul(h, recurrence)) : x;
    const seen = (i: number, state: Value | undefined) =>
      add(g, part(g, sums, i, 4), peephole && state && g.mul(part(g, peephole, i, 3), state));
    const input = gate!(g, seen(0, c));
    const entered = g.mul(input, fresh!(g, part(g, sums, 3, 4)));
    const isCoupled = node.int('input_forget', 0) === 1;
    const forget = () => (isCoupled ? g.sub(g.constant(1), input) : gate!(g, seen(2, c)));
    const cell = c ? g.add(g.mul(forget(), c), entered) : entered;
    return { h: g.mul(gate!(g, seen(1, cell)), out!(g, cell)), c: cell };
  },
};

/** LSTM, unrolled over time. */
export const lstmLowering = defineLowering({
  op: 'LSTM',
  lower: (g, node, inputs) => unroll(g, node, inputs, CELL),
});
