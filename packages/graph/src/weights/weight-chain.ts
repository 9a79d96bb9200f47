import { type DType, dtypeCode, dtypeFromCode } from '../dtype.js';
import type { Node } from '../ir/node.js';
import { elementCount, Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { dequantize } from './dequantize.js';
import { concatenate, type DenseArray, type Layout, permute, slice } from './rearrange.js';

/**
 * The way from one stored tensor to a node's input through operators that only move elements (Identity, Transpose, Reshape,
 * Squeeze, Unsqueeze, Flatten, Slice and Concat of parts of it), cast between float types, or dequantize.
 */
export interface WeightChain {
  readonly source: Value;
  readonly stored: Tensor;
  /** Nodes between, nearest to the storage first. */
  readonly nodes: readonly Node[];
  readonly shape: readonly number[];
  /** What the node reads, after casts. */
  readonly dtype: DType;
  /** True while only positions change, so that what is written can be taken back to the stored tensor. */
  readonly movesOnly: boolean;
  /** Where the elements of the stored tensor go: `data` stands for it, element by element. */
  move<T extends DenseArray>(data: T): T;
  /** What the node reads, rounded as every Cast and DequantizeLinear on the way rounds, when `stored` is stored. */
  read(stored: Tensor): Floats;
}

/** Float64Array where the chain reads float64: what comes after rounds it once. */
type Floats = Float32Array | Float64Array;

/** Nodes looked at from one slot: exporters put a handful between, while Concats of Concats double at every step. */
const MAX_STEPS = 256;

/** Follows `value` up to constant data; undefined when it is computed from anything else, or through over 256 nodes. */
export function resolveChain(value: Value, budget = { steps: MAX_STEPS }): WeightChain | undefined {
  if (--budget.steps < 0) return undefined;
  const stored = value.constant;
  if (stored) {
    if (stored.dtype === 'string') return undefined;
    const { dims: shape, dtype } = stored;
    return { source: value, stored, nodes: [], shape, dtype, movesOnly: true, move: (data) => data, read: floatsOf };
  }
  const node = value.producer;
  if (!node || node.domain !== '') return undefined;
  if (node.op === 'Concat') return concatChain(node, budget);
  const input = node.input(0);
  const before = input && resolveChain(input, budget);
  return before && extendChain(node, before);
}

function extendChain(node: Node, before: WeightChain): WeightChain | undefined {
  const { shape } = before;
  const nodes = [...before.nodes, node];
  if (node.op === 'DequantizeLinear') return dequantizeChain(node, before);
  if (node.op === 'Cast' && FLOAT_CASTS.has(before.dtype) && FLOAT_CODES.has(node.int('to', 0))) {
    const dtype = dtypeFromCode(node.int('to', 0))!;
    const keeps = isWider(dtype, before.dtype);
    const read = (stored: Tensor) => (keeps ? before.read(stored) : round(before.read(stored), dtype));
    return { ...before, nodes, dtype, read };
  }
  const rule: Layout | undefined = layoutRule(node.op)?.(node, shape);
  if (!rule) return undefined;
  return {
    ...before,
    nodes,
    shape: rule.shape,
    move: <T extends DenseArray>(data: T) => rule.move(before.move(data)),
    read: (stored) => rule.move(before.read(stored)),
  };
}

function dequantizeChain(node: Node, before: WeightChain): WeightChain | undefined {
  const scale = node.input(1)?.constant;
  const zeroPoint = node.input(2)?.constant;
  if (!scale || (node.input(2) && !zeroPoint)) return undefined;
  const { dtype } = scale;
  const read = (stored: Tensor) => {
    const values = dequantize(Float32Array.from(before.read(stored)), before.shape, node, scale, zeroPoint);
    return isWider('float32', dtype) ? round(values, dtype) : values;
  };
  return { ...before, nodes: [...before.nodes, node], dtype, movesOnly: false, read };
}

/** Concat of parts of one tensor: how exporters reorder the gates of a recurrent layer. */
function concatChain(node: Node, budget: { steps: number }): WeightChain | undefined {
  const parts: WeightChain[] = [];
  for (const value of node.inputs) {
    const part = value && resolveChain(value, budget);
    if (!part || (parts[0] && part.source !== parts[0].source)) return undefined;
    parts.push(part);
  }
  const [first] = parts;
  if (!first) return undefined;
  const rank = first.shape.length;
  const axis = (node.int('axis', 0) + rank) % rank;
  const shape = first.shape.map((dim, i) =>
    i === axis ? parts.reduce((sum, part) => sum + part.shape[axis]!, 0) : dim,
  );
  const shapes = parts.map((part) => part.shape);
  return {
    ...first,
    nodes: [...new Set(parts.flatMap((part) => part.nodes)), node],
    shape,
    movesOnly: parts.every((part) => part.movesOnly),
    move: <T extends DenseArray>(data: T) =>
      concatenate(
        parts.map((part) => part.move(data)),
        shapes,
        axis,
      ),
    read: (stored) => {
      const read = parts.map((part) => part.read(stored));
      const isFloat32 = read.every((part) => part instanceof Float32Array);
      return concatenate<Floats>(isFloat32 ? read : read.map((part) => Float64Array.from(part)), shapes, axis);
    },
  };
}

/** Casts between them change a weight by rounding only. */
const FLOAT_CASTS: ReadonlySet<DType> = new Set(['float32', 'float16', 'float64', 'bfloat16']);
const FLOAT_CODES: ReadonlySet<number> = new Set([...FLOAT_CASTS].map(dtypeCode));

/** True when `dtype` holds every number of `narrow`. */
function isWider(dtype: DType, narrow: DType): boolean {
  return dtype === narrow || dtype === 'float64' || (dtype === 'float32' && narrow !== 'float64');
}

const floatsOf = (tensor: Tensor): Floats => (tensor.dtype === 'float64' ? tensor.toFloat64() : tensor.toFloat32());

/** To the nearest numbers of `dtype`, half to even. */
function round(data: Floats, dtype: DType): Floats {
  if (dtype === 'float32') return Float32Array.from(data);
  return floatsOf(Tensor.fromNumbers(dtype, [data.length], data));
}

type LayoutRule = (node: Node, shape: readonly number[]) => Layout | undefined;

const keep =
  (target: (node: Node, shape: readonly number[]) => readonly number[] | undefined): LayoutRule =>
  (node, shape) => {
    const to = target(node, shape);
    return to && elementCount(to) === elementCount(shape) ? { shape: to, move: (data) => data } : undefined;
  };

const LAYOUT_RULES: Readonly<Record<string, LayoutRule>> = {
  Identity: keep((_, shape) => shape),
  Transpose: (node, shape) => {
    const order = node.ints('perm', undefined) ?? shape.map((_, axis) => shape.length - 1 - axis);
    return { shape: order.map((axis) => shape[axis]!), move: (data) => permute(data, shape, order) };
  },
  Reshape: keep((node, shape) => {
    const operand = node.input(1)?.constant?.toIntegers();
    if (!operand || node.int('allowzero', 0) !== 0) return undefined;
    const copied = operand.map((dim, axis) => (dim === 0 ? (shape[axis] ?? 0) : dim));
    const known = copied.filter((dim) => dim !== -1).reduce((product, dim) => product * dim, 1);
    return copied.map((dim) => (dim === -1 ? elementCount(shape) / known : dim));
  }),
  Flatten: keep((node, shape) => {
    const axis = (node.int('axis', 1) + shape.length) % (shape.length || 1);
    return [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))];
  }),
  Squeeze: keep((node, shape) => {
    const given = axesOf(node);
    // No axes in an input that is there: the standard and ONNX Runtime differ.
    if (given?.length === 0 && !node.has('axes')) return undefined;
    const axes = given?.length === 0 ? undefined : given?.map((axis) => (axis < 0 ? axis + shape.length : axis));
    return shape.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1));
  }),
  Unsqueeze: keep((node, shape) => {
    const axes = axesOf(node);
    if (!axes) return undefined;
    const rank = shape.length + axes.length;
    const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
    const rest = [...shape];
    return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift()!));
  }),
  Slice: (node, shape) => slice(node, shape),
};

const axesOf = (node: Node): readonly number[] | undefined =>
  node.input(1)?.constant?.toIntegers() ?? node.ints('axes', undefined);

/** Not by a plain look-up: an operator may be called `constructor`. */
function layoutRule(op: string): LayoutRule | undefined {
  return Object.hasOwn(LAYOUT_RULES, op) ? LAYOUT_RULES[op] : undefined;
}
