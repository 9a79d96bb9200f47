import { elementCount, type Node, Tensor } from '@gossamer/graph';
import { evaluateNode } from '@gossamer/graph/eval';
import { channelsFirstPerm, composed } from '../../layout/permutations.js';
import { type Call, first, ordered } from '../call.js';
import { ALL, INTEGERS, NUMBERS, type Result, type TfjsOperator } from '../operator.js';
import { STORED } from '../transfer.js';

/** The same elements under other sizes. */
const view = (op: string, sizesOf: (call: Call, shape: readonly number[]) => readonly number[]): TfjsOperator => ({
  op,
  types: ALL,
  host: [1],
  run: (call) => first(call.tf.reshape(call.first(0), [...sizesOf(call, call.shape(0))])),
});

function reshaped(call: Call, shape: readonly number[]): number[] {
  const keepsZero = call.node.int('allowzero', 0) === 1;
  const dims = call.numbers(1)!.map((dim, axis) => (dim === 0 && !keepsZero ? shape[axis]! : dim));
  const known = elementCount(dims.filter((dim) => dim !== -1));
  return dims.map((dim) => (dim === -1 ? elementCount(shape) / known : dim));
}

function squeezed(call: Call, shape: readonly number[]): number[] {
  const given = call.numbers(1)?.map((axis) => call.axis(axis, shape.length));
  return shape.filter((dim, axis) => (given ? !given.includes(axis) : dim !== 1));
}

function unsqueezed(call: Call, shape: readonly number[]): number[] {
  const given = call.numbers(1)!;
  const rank = shape.length + given.length;
  const axes = new Set(given.map((axis) => call.axis(axis, rank)));
  let next = 0;
  return Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : shape[next++]!));
}

function flattened({ node }: Call, shape: readonly number[]): number[] {
  const axis = node.int('axis', 1);
  const split = axis < 0 ? axis + shape.length : axis;
  return [elementCount(shape.slice(0, split)), elementCount(shape.slice(split))];
}

/** A Transpose of what is there with channels last starts from that: it may undo the order. */
function transposed(call: Call): Result {
  const { tensor, layout } = call.any(0);
  const { rank } = tensor;
  const perm = call.node.ints('perm', undefined) ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  return first(call.tf.transpose(tensor, layout === 'last' ? composed(channelsFirstPerm(rank), perm) : [...perm]));
}

function expanded(call: Call): Result {
  const { tf } = call;
  const rank = Math.max(call.shape(0).length, call.numbers(1)!.length);
  const lead = (dims: readonly number[]) => [...new Array<number>(rank - dims.length).fill(1), ...dims];
  const [from, to] = [lead(call.shape(0)), lead(call.numbers(1)!)];
  return first(
    tf.broadcastTo(
      tf.reshape(call.first(0), from),
      from.map((dim, axis) => (dim === 1 ? to[axis]! : dim)),
    ),
  );
}

function shapeOf(call: Call): Result {
  const shape = call.shape(0);
  const part = shape.slice(call.node.int('start', 0), call.node.int('end', shape.length));
  return Tensor.fromNumbers('int64', [part.length], part);
}

/** An operator without arithmetic on data, as the reference evaluator has it. */
function onHost(call: Call): readonly (Result | undefined)[] {
  return evaluateNode(
    call.node,
    call.inputs.map((held) => held?.host()),
  );
}

const fillOf = (node: Node) => node.tensor('value') ?? Tensor.fromNumbers('float32', [1], [0]);

export const shapeOperators: readonly TfjsOperator[] = [
  view('Reshape', reshaped),
  view('Squeeze', squeezed),
  view('Unsqueeze', unsqueezed),
  view('Flatten', flattened),
  { op: 'Transpose', types: ALL, run: transposed },
  { op: 'Expand', types: ALL, host: [1], run: expanded },
  {
    op: 'Tile',
    types: ALL,
    host: [1],
    run(call) {
      const { tensor, layout } = call.any(0);
      return { tensor: call.tf.tile(tensor, ordered(layout, call.numbers(1)!)), layout };
    },
  },
  { op: 'Shape', types: ALL, run: shapeOf },
  { op: 'Size', types: ALL, run: (call) => Tensor.scalar('int64', elementCount(call.shape(0))) },
  {
    op: 'ConstantOfShape',
    types: INTEGERS,
    host: [0],
    run(call) {
      const { tf } = call;
      const value = fillOf(call.node);
      const filled = tf.fill(call.numbers(0)! as [], value.item(), value.dtype === 'float32' ? 'float32' : 'int32');
      return first(tf.cast(filled, STORED.get(value.dtype)!));
    },
  },
  { op: 'Range', types: NUMBERS, host: [0, 1, 2], run: onHost },
  { op: 'EyeLike', types: NUMBERS, run: onHost },
];
