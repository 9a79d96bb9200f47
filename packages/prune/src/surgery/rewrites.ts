import { attribute, type Node, Tensor, type TypeTable, type Value } from '@gossamer/graph';
import type { Removal } from './removal.js';

/** What a rewrite sees: shapes of before, and what goes. */
export interface RewriteContext {
  readonly types: TypeTable;
  readonly removal: Removal;
  readonly opset: number;
}

type Rewrite = (node: Node, context: RewriteContext) => void;

/** Length of an axis afterwards; undefined for a symbolic one. */
function lengthAfter(value: Value, axis: number, { types, removal }: RewriteContext): number | undefined {
  const dim = (value.constant?.dims ?? types.shapeOf(value))?.[axis];
  return typeof dim === 'number' ? removal.newLength(value, axis, dim) : undefined;
}

/** A constant of integers of its own for one node: others may read the old one. */
function setIntegers(node: Node, slot: number, values: readonly number[]): void {
  const old = node.input(slot)!;
  const { dtype, dims } = old.constant!;
  const tensor = Tensor.fromNumbers(dtype, dims.length === 0 ? [] : [values.length], values);
  node.graph.setInput(node, slot, node.graph.addInitializer(`${old.name}_pruned`, tensor));
}

const convolution: Rewrite = (node, context) => {
  const groups = node.int('group', 1);
  if (groups === 1) return;
  // The wide side of the weight is all channels, the narrow one those in a group.
  const weight = node.input(1)!;
  const narrow = lengthAfter(weight, 1, context)!;
  const side = node.op === 'Conv' ? node.input(0)! : node.output;
  node.graph.setAttribute(node, 'group', attribute.int(lengthAfter(side, 1, context)! / narrow));
};

const groupNormalization: Rewrite = (node, context) => {
  const before = context.types.shapeOf(node.output)![1] as number;
  const after = lengthAfter(node.output, 1, context)!;
  node.graph.setAttribute(node, 'num_groups', attribute.int((node.int('num_groups', 1) * after) / before));
};

const recurrent: Rewrite = (node, context) => {
  node.graph.setAttribute(node, 'hidden_size', attribute.int(lengthAfter(node.input(2)!, 2, context)!));
};

const split: Rewrite = (node, context) => {
  const rank = context.types.shapeOf(node.input(0)!)!.length;
  const given = node.int('axis', 0);
  const axis = given < 0 ? given + rank : given;
  const sizes = node.outputs.map((value) => lengthAfter(value!, axis, context)!);
  if (sizes.some((size) => size === undefined)) return;
  if (context.opset < 13) {
    node.graph.setAttribute(node, 'split', attribute.ints(sizes));
  } else if (node.input(1)) setIntegers(node, 1, sizes);
  else {
    node.graph.setAttribute(node, 'num_outputs', undefined);
    const value = node.graph.addInitializer(
      `${node.output.name}_sizes`,
      Tensor.fromNumbers('int64', [sizes.length], sizes),
    );
    node.graph.setInput(node, 1, value);
  }
};

const slice: Rewrite = (node, context) => {
  const { removal, types, opset } = context;
  const x = node.input(0)!;
  const shape = types.shapeOf(x)!;
  const isOld = opset < 10;
  const list = (name: string, slot: number) =>
    isOld ? node.bounds(name) : node.input(slot)?.constant && Array.from(node.input(slot)!.constant!.toFloat64());
  const starts = [...list('starts', 1)!];
  const ends = [...list('ends', 2)!];
  const axes = list('axes', 3) ?? starts.map((_, i) => i);
  axes.forEach((given, i) => {
    const axis = given < 0 ? given + shape.length : given;
    const owners = removal.owners(x, axis);
    if (!owners) return;
    const from = starts[i]! < 0 ? Math.max(0, starts[i]! + owners.length) : Math.min(starts[i]!, owners.length);
    const stay = (owner: number) => owner < 0;
    starts[i] = owners.subarray(0, from).filter(stay).length;
    ends[i] = starts[i]! + lengthAfter(node.output, axis, context)!;
  });
  if (isOld) {
    node.graph.setAttribute(node, 'starts', attribute.ints(starts));
    node.graph.setAttribute(node, 'ends', attribute.ints(ends));
    return;
  }
  // Far bounds (INT64_MAX) are 2^63 as a number: any index beyond the axis says the same.
  const far = Number.MAX_SAFE_INTEGER;
  const isNarrow = node.input(1)!.constant!.dtype === 'int32';
  const most = isNarrow ? 2 ** 31 - 1 : far;
  const clamp = (bounds: readonly number[]) => bounds.map((bound) => Math.min(Math.max(bound, -most), most));
  setIntegers(node, 1, clamp(starts));
  setIntegers(node, 2, clamp(ends));
};

/** Indices that stay (the list was sliced as its constant), by the places of what is left of the data. */
const gather: Rewrite = (node, { removal, types }) => {
  const [data, indices] = node.inputs;
  const rank = types.shapeOf(data!)!.length;
  const given = node.int('axis', 0);
  const owners = removal.owners(data!, given < 0 ? given + rank : given);
  const { constant } = indices!;
  if (!owners || !constant) return;
  const places = new Int32Array(owners.length);
  let next = 0;
  owners.forEach((owner, i) => (places[i] = owner < 0 ? next++ : -1));
  const chosen = constant.toIntegers().map((i) => (i < 0 ? i + owners.length : i));
  setIntegers(
    node,
    1,
    chosen.filter((i) => owners[i]! < 0).map((i) => places[i]!),
  );
};

const reshape: Rewrite = (node, context) => {
  const { removal } = context;
  const x = node.input(0)!;
  const y = node.output;
  const shape = node.has('shape') ? node.ints('shape', []) : node.input(1)!.constant?.toIntegers();
  if (!shape) return;
  const values = shape.map((size, axis) => {
    if (size === -1) return size;
    const after = lengthAfter(y, axis, context);
    // 0 takes the length of the input's axis at the same place.
    if (size === 0 && (after === undefined || after === lengthAfter(x, axis, context))) return size;
    return removal.owners(y, axis) || size === 0 ? after! : size;
  });
  if (values.every((value, i) => value === shape[i])) return;
  if (node.has('shape')) node.graph.setAttribute(node, 'shape', attribute.ints(values));
  else setIntegers(node, 1, values);
};

/** Axes of 1 by name: one that shrinks to 1 must not go too. */
const squeeze: Rewrite = (node, { types, opset }) => {
  if (node.has('axes') || node.input(1)) return;
  const axes = types.shapeOf(node.input(0)!)!.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  if (opset < 13) node.graph.setAttribute(node, 'axes', attribute.ints(axes));
  else {
    const tensor = Tensor.fromNumbers('int64', [axes.length], axes);
    node.graph.setInput(node, 1, node.graph.addInitializer(`${node.output.name}_axes`, tensor));
  }
};

/** Numbers of a constant shape that say how long a shrinking axis was. */
const sized =
  (slot: number): Rewrite =>
  (node, context) => {
    const sizes = node.input(slot)?.constant?.toIntegers();
    if (!sizes || sizes.length === 0) return;
    const shift = context.types.shapeOf(node.output)!.length - sizes.length;
    const values = sizes.map((size, i) =>
      size !== 1 && context.removal.owners(node.output, i + shift)
        ? lengthAfter(node.output, i + shift, context)!
        : size,
    );
    if (values.some((value, i) => value !== sizes[i])) setIntegers(node, slot, values);
  };

const REWRITES: Readonly<Record<string, Rewrite>> = {
  Conv: convolution,
  ConvTranspose: convolution,
  GroupNormalization: groupNormalization,
  RNN: recurrent,
  GRU: recurrent,
  LSTM: recurrent,
  Split: split,
  Slice: slice,
  Gather: gather,
  Reshape: reshape,
  Squeeze: squeeze,
  Expand: sized(1),
  Resize: sized(3),
};

/** Counts a node's attributes and constant shapes down to what is left of its axes. */
export function rewriteNode(node: Node, context: RewriteContext): void {
  const isTouched = [...node.inputs, ...node.outputs].some((value) => value && context.removal.axes(value).length > 0);
  if (isTouched && Object.hasOwn(REWRITES, node.kind)) REWRITES[node.kind]!(node, context);
}
