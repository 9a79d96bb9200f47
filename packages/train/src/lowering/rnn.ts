import { defineLowering } from './lowering.js';
import { type CellKind, unroll } from './recurrent/unroll.js';

/** Source: ONNX operator RNN. */
const CELL: CellKind = {
  gates: 1,
  activations: ['Tanh'],
  mergesBiases: () => true,
  step(g, { activations, recurrence }, x, { h }) {
    return { h: activations[0]!(g, h ? g.add(x, g.matmul(h, recurrence)) : x), c: undefined };
  },
};

/** RNN, unrolled over time. */
export const rnnLowering = defineLowering({
  op: 'RNN',
  lower: (g, node, inputs) => unroll(g, node, inputs, CELL),
});
