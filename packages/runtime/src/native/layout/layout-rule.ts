import { attribute, type AttributeValue, type Node, Tensor, type Value } from '@gossamer/graph';
import { type Compilation, GOSSAMER, GOSSAMER_TRAIN } from '../compilation.js';
import { trainRule } from './train-rules.js';

/** How a node is written for operands whose channels are the last axis. */
export interface LayoutRule {
  /** True where the engine has the operator in no other order: it is rewritten even where that takes Transposes. */
  readonly isBound: boolean;
  /** Slots that take the other order with the results. */
  readonly slots: readonly number[];
  /** Slots of constants that broadcast to the results: they are transposed. */
  readonly constants: readonly number[];
  /** False where results keep their order: a reduction that drops the axes it reduces. */
  readonly movesResults: boolean;
  /** Results that take the other order, where others have no such axes. Default: all. */
  readonly results?: readonly number[];
  /** What changes on the node; `perm` takes an axis of the first order to that of the other. */
  apply(axisOf: (axis: number) => number): LayoutChange;
}

export interface LayoutChange {
  readonly op?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue | undefined>>;
  /** New contents of small integer inputs (axes, pads). */
  readonly integers?: Readonly<Record<number, readonly number[]>>;
  /** Inputs from this slot on are dropped. */
  readonly truncate?: number;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

const UNARY = words(
  `Abs Acos Acosh Asin Asinh Atan Atanh Cast Ceil Celu Clip Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu
  Log Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu Int8Table Activate`,
);
const BROADCASTING = words(
  `Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where Xor Int8Binary`,
);
const REDUCTIONS = words(
  'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare',
);
const LAYERS = words('Conv ConvTranspose Int8Conv');
const POOLS = words('MaxPool AveragePool Int8AveragePool');
const DOMAINS: ReadonlySet<string> = new Set(['', GOSSAMER, GOSSAMER_TRAIN]);
const PER_TENSOR = words('QuantizeLinear DequantizeLinear');
const ONE_AXIS = words('Concat Int8Concat Softmax SoftmaxGrad LogSoftmax LogSoftmaxGrad Split');

/** The rule for `node` over operands of rank `rank`; undefined for one bound to the order it has. */
export function layoutRule(node: Node, rank: number, compilation: Compilation): LayoutRule | undefined {
  if (!DOMAINS.has(node.domain) || node.subgraphs().length > 0) return undefined;
  const { op } = node;
  if (LAYERS.has(op) || POOLS.has(op)) return spatial(node, rank, compilation);
  const train = trainRule(node, rank, compilation);
  if (train) return train;
  if (UNARY.has(op)) return plain([0]);
  if (op === 'ActivationGrad') return plain([0, 1]);
  if (PER_TENSOR.has(op)) return quantization(node);
  if (BROADCASTING.has(op)) return broadcast(node, rank, compilation);
  if (ONE_AXIS.has(op)) return alongAxis(node, rank);
  if (REDUCTIONS.has(op)) return reduction(node, rank);
  if (op === 'Pad') return pad(node, rank);
  return op === 'Resize' ? resize(node, rank) : undefined;
}

const plain = (slots: readonly number[], change: LayoutRule['apply'] = () => ({})): LayoutRule => ({
  isBound: false,
  slots,
  constants: [],
  movesResults: true,
  apply: change,
});

/** Convolutions and pools of one or two dimensions, which the engine has with channels last only. */
function spatial(node: Node, rank: number, compilation: Compilation): LayoutRule | undefined {
  const { op } = node;
  if (rank !== 3 && rank !== 4) return undefined;
  const type = op === 'Int8Conv' ? op : `${op}Nhwc`;
  if (!compilation.has(type) || node.string('auto_pad', 'NOTSET') !== 'NOTSET') return undefined;
  if (LAYERS.has(op) && op !== 'Int8Conv' && compilation.dtypeOf(node.input(0)) !== 'float32') return undefined;
  if (node.has('output_shape')) return undefined;
  if (op === 'MaxPool' && (node.outputs[1] || node.int('storage_order', 0) !== 0)) return undefined;
  if (POOLS.has(op) && op !== 'Int8AveragePool' && rank !== 4) return undefined;
  const slots = op === 'Int8Conv' && node.input(3) ? [0, 3] : [0];
  return { ...plain(slots, () => ({ op: type, domain: GOSSAMER })), isBound: true };
}

function quantization(node: Node): LayoutRule | undefined {
  const isPerTensor = node.inputs.slice(1).every((value) => !value || (value.constant?.length ?? 1) === 1);
  const scale = node.input(1)?.constant;
  return isPerTensor && scale?.length === 1 && node.int('block_size', 0) === 0 ? plain([0]) : undefined;
}

function broadcast(node: Node, rank: number, compilation: Compilation): LayoutRule | undefined {
  const slots: number[] = [];
  const constants: number[] = [];
  for (const [slot, value] of node.inputs.entries()) {
    if (!value) return undefined;
    if (value.constant && value.constant.dims.length <= rank) {
      if (value.constant.length > 1) constants.push(slot);
    } else if (compilation.rankOf(value) === rank) slots.push(slot);
    else if (compilation.rankOf(value) !== 0) return undefined;
  }
  return slots.length > 0 ? { ...plain(slots), constants } : undefined;
}

const wrap = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

function alongAxis(node: Node, rank: number): LayoutRule | undefined {
  const axis = wrap(node.int('axis', node.op.includes('oftmax') ? -1 : 0), rank);
  const slots = node.op === 'Split' ? [0] : node.inputs.map((_, slot) => slot);
  return plain(slots, (axisOf) => ({ attributes: { axis: attribute.int(axisOf(axis)) } }));
}

function reduction(node: Node, rank: number): LayoutRule | undefined {
  const axes = node
    .input(1)
    ?.constant?.toIntegers()
    .map((axis) => wrap(axis, rank));
  if (!axes || axes.length === 0) return undefined;
  const keeps = node.int('keepdims', 1) === 1;
  // Without their place the axes that stay must stay in their order: all spatial ones go, or channels and what lies between.
  const rest = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis));
  const moved = rest.map((axis) => (axis === 1 ? rank - 1 : axis > 1 ? axis - 1 : axis));
  if (!keeps && moved.some((axis, i) => i > 0 && axis < moved[i - 1]!)) return undefined;
  return {
    ...plain([0], (axisOf) => ({ integers: { 1: axes.map(axisOf).sort((a, b) => a - b) } })),
    movesResults: keeps,
  };
}

function pad(node: Node, rank: number): LayoutRule | undefined {
  const pads = node.input(1)?.constant?.toIntegers();
  if (pads?.length !== 2 * rank || node.input(3)) return undefined;
  return plain([0], (axisOf) => {
    const moved = [...pads];
    for (let axis = 0; axis < rank; axis++) {
      moved[axisOf(axis)] = pads[axis]!;
      moved[axisOf(axis) + rank] = pads[axis + rank]!;
    }
    return { integers: { 1: moved } };
  });
}

/** Scales or sizes are constants of full rank; they are transposed as the constants of a broadcast are, by `permuteVector`. */
function resize(node: Node, rank: number): LayoutRule | undefined {
  const [roi, scales, sizes] = [node.input(1), node.input(2), node.input(3)];
  if (roi && (roi.constant?.length ?? 1) !== 0) return undefined;
  if (node.has('axes') || node.string('keep_aspect_ratio_policy', 'stretch') !== 'stretch') return undefined;
  const given = scales && scales.constant?.length !== 0 ? scales : sizes;
  return given?.constant?.length === rank ? plain([0]) : undefined;
}

/** Rank-1 constants of a Resize, one number an axis. */
export function permuteVector(tensor: Tensor, perm: readonly number[]): Tensor {
  const size = tensor.byteLength / tensor.length;
  const from = tensor.bytes();
  const to = new Uint8Array(from.length);
  perm.forEach((axis, at) => to.set(from.subarray(axis * size, (axis + 1) * size), at * size));
  return Tensor.of(tensor.dtype, tensor.dims, to);
}

/** Slots of a node that hold one number an axis. */
export const axisVectors = (node: Node): Value[] =>
  node.op === 'Resize'
    ? ([node.input(2), node.input(3)].filter((value) => (value?.constant?.length ?? 0) > 0) as Value[])
    : [];
