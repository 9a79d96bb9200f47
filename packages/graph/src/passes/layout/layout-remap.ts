import type { TypeTable } from '../../inference/type-table.js';
import { attribute } from '../../ir/attribute.js';
import type { Node } from '../../ir/node.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { isParametric } from '../determinism.js';
import type { PassScope } from '../pass-scope.js';

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

const UNARY = words(
  `Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Cast Ceil Celu Clip Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish IsInf IsNaN
  LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu`,
);
const BROADCASTING = words(
  `Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where Xor`,
);
const REDUCTIONS = words(
  'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare',
);
/** Operators with one axis, from these opsets on: Softmax took all axes behind it as one before. */
const ONE_AXIS: Readonly<Record<string, number>> = { Concat: 7, LogSoftmax: 13, Softmax: 13, Split: 7 };

/** A shared constant is copied in another order up to this size. */
const MAX_COPY = 1024;

/** How a node is written for operands in another order of axes. */
export interface LayoutRemap {
  /** Slots whose values take the other order with the result; all other inputs are constants or the same in any order. */
  readonly slots: readonly number[];
  /** Rewrites attributes and constants for operands u where the node had `u` transposed by `perm`: axis i of theirs is axis perm[i] of u. */
  apply(perm: readonly number[]): void;
}

/** How `node` may work on tensors of rank `rank` in another order of axes; undefined where it is bound to the one it has. */
export function layoutRemap(node: Node, rank: number, scope: PassScope, types: TypeTable): LayoutRemap | undefined {
  if (node.domain !== '' || scope.opset < 7 || isParametric(node) || node.subgraphs().length > 0) return undefined;
  const hasRank = (value: Value | undefined) => !value || types.shapeOf(value)?.length === rank;
  if (!node.outputs.every(hasRank)) return undefined;
  if (UNARY.has(node.op)) return hasRank(node.input(0)) ? { slots: [0], apply: () => undefined } : undefined;
  if (BROADCASTING.has(node.op)) return broadcast(node, rank, scope, types);
  const least = ONE_AXIS[node.op];
  if (least !== undefined && scope.opset >= least) return alongAxis(node, rank, scope, types);
  if (node.op === 'Pad') return pad(node, rank, scope, types);
  return REDUCTIONS.has(node.op) && !isMoment(node) ? reduction(node, rank, scope, types) : undefined;
}

/** A mean that is subtracted: part of a normalization, which runtimes and passes know over the last axes. */
const isMoment = (node: Node): boolean =>
  node.op === 'ReduceMean' && node.output.uses.some((use) => use.node.isStandard('Sub'));

type Kind = 'data' | 'constant' | 'single' | 'bound';

function kindOf(value: Value, rank: number, types: TypeTable): Kind {
  const dims = value.constant?.dims ?? types.shapeOf(value);
  if (dims && dims.length <= rank && dims.every((dim) => dim === 1) && (value.constant || dims.length === 0))
    return 'single';
  if (value.constant) {
    const mayCopy = value.uses.length === 1 || value.constant.byteLength <= MAX_COPY;
    const isBytes = Number.isInteger(value.constant.byteLength / Math.max(value.constant.length, 1));
    const canMove = mayCopy && isBytes && value.constant.dtype !== 'string';
    return value.constant.dims.length <= rank && canMove ? 'constant' : 'bound';
  }
  return dims?.length === rank ? 'data' : 'bound';
}

function broadcast(node: Node, rank: number, scope: PassScope, types: TypeTable): LayoutRemap | undefined {
  const kinds = node.inputs.map((value) => (value ? kindOf(value, rank, types) : 'bound'));
  const slots = kinds.flatMap((kind, slot) => (kind === 'data' ? [slot] : []));
  if (kinds.includes('bound') || slots.length === 0) return undefined;
  const apply = (perm: readonly number[]) =>
    kinds.forEach((kind, slot) => kind === 'constant' && permuteConstant(node, slot, perm, scope));
  return { slots, apply };
}

function alongAxis(node: Node, rank: number, scope: PassScope, types: TypeTable): LayoutRemap | undefined {
  const base = node.op === 'Concat' ? broadcast(node, rank, scope, types) : undefined;
  const isData = node.input(0) && kindOf(node.input(0)!, rank, types) === 'data';
  // A single element among what is put together has an axis of its own.
  const isWhole = node.inputs.every((value) => value && types.shapeOf(value)?.length === rank);
  if (node.op === 'Concat' ? !base || !isWhole : !isData) return undefined;
  const axis = node.int('axis', node.op === 'Split' ? 0 : -1);
  const apply = (perm: readonly number[]) => {
    base?.apply(perm);
    node.graph.setAttribute(node, 'axis', attribute.int(perm[axis < 0 ? axis + rank : axis]!));
  };
  return { slots: base?.slots ?? [0], apply };
}

function pad(node: Node, rank: number, scope: PassScope, types: TypeTable): LayoutRemap | undefined {
  const pads = scope.opset < 11 ? node.ints('pads', undefined) : node.input(1)?.constant?.toIntegers();
  if (!node.input(0) || types.shapeOf(node.input(0)!)?.length !== rank) return undefined;
  if (pads?.length !== 2 * rank || node.input(3)) return undefined;
  const apply = (perm: readonly number[]) => {
    const moved = [...pads];
    perm.forEach((to, from) => {
      moved[to] = pads[from]!;
      moved[to + rank] = pads[from + rank]!;
    });
    if (scope.opset < 11) node.graph.setAttribute(node, 'pads', attribute.ints(moved));
    else setIntegers(node, 1, moved, scope);
  };
  return { slots: [0], apply };
}

function reduction(node: Node, rank: number, scope: PassScope, types: TypeTable): LayoutRemap | undefined {
  const axes = reducedAxes(node, rank);
  if (!axes || node.int('keepdims', 1) !== 1 || types.shapeOf(node.input(0)!)?.length !== rank) return undefined;
  return {
    slots: [0],
    apply: (perm) =>
      setReducedAxes(
        node,
        axes.map((axis) => perm[axis]!),
        scope,
      ),
  };
}

/** The axes of a reduction, not negative; undefined where they are not known. */
export function reducedAxes(node: Node, rank: number): readonly number[] | undefined {
  const given = node.ints('axes', undefined) ?? node.input(1)?.constant?.toIntegers();
  return given && given.length > 0 ? given.map((axis) => (axis < 0 ? axis + rank : axis)) : undefined;
}

/** True for a reduction whose result has no place for the axes it reduced. */
export const dropsAxes = (node: Node): boolean =>
  node.domain === '' && REDUCTIONS.has(node.op) && node.int('keepdims', 1) === 0 && !isParametric(node);

/** Gives a reduction other axes, where it had them: as attribute or as input. */
export function setReducedAxes(node: Node, axes: readonly number[], scope: PassScope): void {
  const sorted = [...axes].sort((a, b) => a - b);
  if (node.has('axes')) node.graph.setAttribute(node, 'axes', attribute.ints(sorted));
  else setIntegers(node, 1, sorted, scope);
}

function setIntegers(node: Node, slot: number, values: readonly number[], scope: PassScope): void {
  const tensor = Tensor.fromNumbers('int64', [values.length], values);
  node.graph.setInput(node, slot, scope.addConstant(`${node.output.name}_axes`, tensor, { before: node }));
}

/** Makes slot `slot` read its constant in the order that broadcasts to operands before they were transposed by `perm`. */
function permuteConstant(node: Node, slot: number, perm: readonly number[], scope: PassScope): void {
  const value = node.input(slot)!;
  const tensor = value.constant!;
  const rank = perm.length;
  const dims = [...new Array<number>(rank - tensor.dims.length).fill(1), ...tensor.dims];
  const inverse = perm.map((_, axis) => perm.indexOf(axis));
  const moved = transposed(tensor.reshaped(dims), inverse);
  node.graph.setInput(node, slot, scope.addConstant(`${value.name}_turned`, moved, { before: node }));
}

/** The same elements with axis i of the result being axis perm[i]. */
function transposed(tensor: Tensor, perm: readonly number[]): Tensor {
  const strides = tensor.dims.map((_, axis) => tensor.dims.slice(axis + 1).reduce((a, b) => a * b, 1));
  const dims = perm.map((axis) => tensor.dims[axis]!);
  const size = tensor.byteLength / Math.max(tensor.length, 1);
  const from = tensor.bytes();
  const to = new Uint8Array(from.length);
  const index = new Array<number>(dims.length).fill(0);
  for (let i = 0; i < tensor.length; i++) {
    const at = index.reduce((sum, position, axis) => sum + position * strides[perm[axis]!]!, 0);
    to.set(from.subarray(at * size, (at + 1) * size), i * size);
    for (let axis = dims.length - 1; axis >= 0 && ++index[axis]! === dims[axis]; axis--) index[axis] = 0;
  }
  return Tensor.of(tensor.dtype, dims, to);
}
