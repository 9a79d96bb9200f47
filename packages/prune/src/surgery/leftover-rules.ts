import type { Node, Value } from '@gossamer/graph';
import { elementwiseLeftover } from './elementwise-leftover.js';
import type { LeftoverCall } from './leftover-call.js';

type LeftoverRule = (call: LeftoverCall) => number;

const isZero = (number: number | undefined): boolean => number === 0;
const zeroIf = (condition: boolean): number => (condition ? 0 : NaN);

/** An optional summand adds nothing. */
const addsNothing = (value: Value | undefined, { leftovers, unit }: LeftoverCall): boolean =>
  !value || isZero(leftovers.at(value, unit));

const convolution: LeftoverRule = (call) => {
  const { node, unit, leftovers, axis } = call;
  const [x, weight, bias] = node.inputs;
  const groups = node.int('group', 1);
  // Of a grouped ConvTranspose a unit is on the axis of channels in a group, or a whole group on the other one.
  const isWide = node.op === 'Conv' || (groups > 1 && !leftovers.removal.owners(weight!, 1)?.includes(unit));
  const outAxis = isWide ? 0 : 1;
  const isGone = isZero(leftovers.on(weight!, outAxis, unit)) || (groups > 1 && isZero(leftovers.at(x!, unit)));
  return zeroIf(axis === 1 && isGone && addsNothing(bias, call));
};

const gemm: LeftoverRule = (call) => {
  const { node, unit, leftovers, axis } = call;
  const [a, b, c] = node.inputs;
  const isRow = axis === 0;
  const side = isRow ? a! : b!;
  const own = isRow ? node.int('transA', 0) : 1 - node.int('transB', 0);
  return zeroIf(isZero(leftovers.on(side, own, unit)) && addsNothing(c, call));
};

const matMul: LeftoverRule = ({ node, output, unit, leftovers, axis }) => {
  const [a, b] = [node.input(0)!, node.input(1)!];
  const rank = (value: Value) => leftovers.types.shapeOf(value)!.length;
  const fromEnd = rank(output) - axis;
  const gone = (value: Value) => isZero(leftovers.on(value, rank(value) - fromEnd, unit));
  if (fromEnd === 1) return zeroIf(gone(b));
  return zeroIf(gone(a) || (fromEnd > 2 && gone(b)));
};

const normalization: LeftoverRule = ({ node, unit, leftovers }) =>
  zeroIf([1, 2].every((slot) => isZero(leftovers.at(node.input(slot)!, unit))));

/** Hidden units stay at 0 from 0 on: tanh(0) is 0, and gates only scale. */
const recurrent: LeftoverRule = (call) => {
  const { node, unit, leftovers } = call;
  if (node.has('activations')) return NaN;
  const [, w, r, b, , h, c] = node.inputs;
  const rows = [w!, r!, ...(b ? [b] : [])];
  const isGone = rows.every((value) => isZero(leftovers.on(value, 1, unit)));
  return zeroIf(isGone && addsNothing(h, call) && (node.op !== 'LSTM' || addsNothing(c, call)));
};

/** What all inputs with a part in the unit hold. */
const move: LeftoverRule = ({ node, unit, leftovers }) => {
  let common: number | undefined;
  for (const input of node.inputs) {
    const own = input && leftovers.at(input, unit);
    if (own === undefined) continue;
    if (common !== undefined && !Object.is(common, own)) return NaN;
    common = own;
  }
  return common ?? NaN;
};

const transpose: LeftoverRule = ({ node, output, axis, unit, leftovers }) => {
  const rank = leftovers.types.shapeOf(output)!.length;
  const from = node.ints('perm', undefined)?.[axis] ?? rank - 1 - axis;
  return leftovers.on(node.input(0)!, from, unit);
};

/** Sums and averages with padding: 0 stays 0. */
const keepsZero: LeftoverRule = (call) => zeroIf(isZero(move(call)));

const averagePool: LeftoverRule = (call) =>
  call.node.int('count_include_pad', 0) === 0 ? move(call) : keepsZero(call);

/** A frame of the same number. */
const pad: LeftoverRule = (call) => {
  const { node } = call;
  const number = move(call);
  if (node.string('mode', 'constant') !== 'constant') return number;
  const given = node.input(2);
  const frame = given ? given.constant?.item() : node.float('value', 0);
  return number === frame ? number : NaN;
};

/** Places outside the image hold a number of their own where it is cropped. */
const resize: LeftoverRule = (call) => {
  const { node } = call;
  const number = move(call);
  if (node.string('coordinate_transformation_mode', '') !== 'tf_crop_and_resize') return number;
  return number === node.float('extrapolation_value', 0) ? number : NaN;
};

/** What all branches give out. */
const branches: LeftoverRule = ({ node, output, axis, unit, leftovers }) => {
  const place = node.outputs.indexOf(output);
  const [first, ...others] = node.subgraphs().map((body) => leftovers.on(body.outputs[place]!, axis, unit));
  return others.every((other) => Object.is(other, first)) ? first! : NaN;
};

const RULES: Readonly<Record<string, LeftoverRule>> = {
  If: branches,
  Conv: convolution,
  ConvTranspose: convolution,
  Gemm: gemm,
  MatMul: matMul,
  BatchNormalization: normalization,
  InstanceNormalization: normalization,
  GroupNormalization: normalization,
  RNN: recurrent,
  GRU: recurrent,
  LSTM: recurrent,
  Transpose: transpose,
  AveragePool: averagePool,
  Pad: pad,
  Resize: resize,
  ...Object.fromEntries(
    ['ReduceSum', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'LpPool', 'GlobalLpPool', 'CumSum'].map((op) => [
      op,
      keepsZero,
    ]),
  ),
  ...Object.fromEntries(
    [
      'Concat',
      'DepthToSpace',
      'Expand',
      'Flatten',
      'Gather',
      'GlobalAveragePool',
      'GlobalMaxPool',
      'Identity',
      'MaxPool',
      'ReduceMax',
      'ReduceMean',
      'ReduceMin',
      'Reshape',
      'Slice',
      'SpaceToDepth',
      'Split',
      'Squeeze',
      'Tile',
      'Unsqueeze',
      'Upsample',
    ].map((op) => [op, move]),
  ),
};

/** Operators whose outputs are of their own making, or mix what they read. */
const UNKNOWN: ReadonlySet<string> = new Set([
  'ArgMax',
  'ArgMin',
  'Hardmax',
  'LayerNormalization',
  'LogSoftmax',
  'LpNormalization',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceProd',
  'RMSNormalization',
  'SimplifiedLayerNormalization',
  'Softmax',
  'TopK',
  'com.microsoft::SimplifiedLayerNormalization',
]);

/** How to find what a masked unit holds behind a node; undefined: not known. */
export function leftoverRule(node: Node): LeftoverRule | undefined {
  if (UNKNOWN.has(node.kind)) return undefined;
  if (Object.hasOwn(RULES, node.kind)) return RULES[node.kind];
  return node.subgraphs().length > 0 ? undefined : elementwiseLeftover;
}
