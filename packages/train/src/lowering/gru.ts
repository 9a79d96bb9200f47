import { defineLowering } from './lowering.js';
import { type CellKind, part, unroll } from './recurrent/unroll.js';

/** Gates z, r, h. Source: ONNX operator GRU. */
const CELL: CellKind = {
  gates: 3,
  activations: ['Sigmoid', 'Tanh'],
  // The reset gate scales the recurrent product with its bias.
  mergesBiases: (node) => node.int('linear_before_reset', 0) === 0,
  step(g, { node, hidden, activations, recurrence, recurrentBias }, x, { h }) {
    const [gate, fresh] = activations;
    const isLinearFirst = node.int('linear_before_reset', 0) !== 0;
    const columns = (from: number, to: number) => g.slice(recurrence, [1], [from * hidden], [to * hidden]);
    const product = h && g.matmul(h, isLinearFirst ? recurrence : columns(0, 2));
    const count = isLinearFirst ? 3 : 2;
    const biased = product && recurrentBias ? g.add(product, recurrentBias) : (product ?? recurrentBias);
    const sum = (i: number) => {
      const own = part(g, x, i, 3);
      return biased ? g.add(own, part(g, biased, i, count)) : own;
    };
    const update = gate!(g, sum(0));
    const reset = gate!(g, sum(1));
    const recurrent = isLinearFirst
      ? biased && g.mul(reset, part(g, biased, 2, 3))
      : h && g.matmul(g.mul(reset, h), columns(2, 3));
    const own = part(g, x, 2, 3);
    const made = fresh!(g, recurrent ? g.add(own, recurrent) : own);
    const next = h ? g.add(made, g.mul(update, g.sub(h, made))) : g.sub(made, g.mul(update, made));
    return { h: next, c: undefined };
  },
};

/** GRU, unrolled over time. */
export const gruLowering = defineLowering({
  op: 'GRU',
  lower: (g, node, inputs) => unroll(g, node, inputs, CELL),
});
