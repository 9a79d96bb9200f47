import type { Value } from '../../../ir/value.js';
import type { Emitter } from '../../emitter.js';
import { asInteger, property } from '../../json.js';
import { plainOperand } from '../../operand.js';
import { normalAxes } from '../../reduction.js';
import { defineLayer, type Layer } from '../layer.js';

/** What TF.js adds to sums of squares that are smaller: the epsilon of a float32 backend. */
const EPSILON = 1e-7;

/** The axes of the two inputs that are summed over. */
function axesOf(layer: Layer, ranks: readonly [number, number]): [number, number] {
  const value = property(layer.config, 'axes');
  const list = Array.isArray(value) ? layer.ints('axes', 2) : [asInteger(value, 'axes'), asInteger(value, 'axes')];
  const axes = list.map((axis, i) => normalAxes(layer.e, [axis], ranks[i]!)[0]!) as [number, number];
  if (axes.includes(0)) throw layer.error('axes', 'axes after the batch', axes);
  return axes;
}

function normalized(e: Emitter, x: Value, axis: number): Value {
  const squares = e.op('ReduceSumSquare', [x, e.int64([axis])], { keepdims: 1 });
  return e.op('Div', [x, e.op('Sqrt', [e.op('Max', [squares, e.constant(EPSILON, 'float32')])])]);
}

/** Products per sample. A matrix beside a tensor of rank 3 is seen as columns. Source: tfjs-layers `merge.batchDot`. */
export const dotLayer = defineLayer('Dot', (layer, inputs) => {
  const { e } = layer;
  if (inputs.length !== 2) throw layer.error('inputs', 'two', inputs.length);
  const ranks = inputs.map((x) => e.rankOf(x)) as [number, number];
  if (ranks.some((rank) => rank !== 2 && rank !== 3)) throw layer.error('inputs', 'rank 2 or 3', ranks.join(' and '));
  const axes = axesOf(layer, ranks);
  const isNormalized = layer.bool('normalize', false);
  const values = inputs.map((x, i) => (isNormalized ? normalized(e, e.plain(x), axes[i]!) : e.plain(x)));
  const [a, b] = values as [Value, Value];
  if (ranks[0] === 2 && ranks[1] === 2) {
    return plainOperand(e.op('ReduceSum', [e.op('Mul', [a, b]), e.int64([1])], { keepdims: 1 }));
  }
  const asRows = (x: Value, i: number, last: boolean) => {
    const cube = ranks[i] === 2 ? e.op('Unsqueeze', [x, e.int64([2])]) : x;
    return (axes[i] === 2) === last ? cube : e.transpose(cube, [0, 2, 1]);
  };
  const product = e.op('MatMul', [asRows(a, 0, true), asRows(b, 1, false)]);
  if (ranks[0] === ranks[1]) return plainOperand(product);
  return plainOperand(e.op('Squeeze', [product, e.int64([ranks[0] > ranks[1] ? 2 : 1])]));
});
