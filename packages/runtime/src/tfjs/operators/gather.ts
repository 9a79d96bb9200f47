import { elementCount, type Node } from '@gossamer/graph';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import { type Call, first } from '../call.js';
import { ALL, exactIntegers, type NodeTypes, NUMBERS, type Result, type TfjsOperator } from '../operator.js';

/** Indices in [0, size): those counted from the end are negative. */
function wrapped(tf: Tf, indices: Tensor, size: number): Tensor {
  return tf.where(tf.less(indices, tf.scalar(0, 'int32')), tf.add(indices, tf.scalar(size, 'int32')), indices);
}

/** Elements between two steps along each axis. */
const stridesOf = (dims: readonly number[]): number[] => dims.map((_, axis) => elementCount(dims.slice(axis + 1)));

const flat = (tf: Tf, x: Tensor): Tensor => tf.reshape(x, [x.size]);

/**
 * Where in a flat tensor of sizes `dims` the elements are that `indices` name along `axis`; the other coordinates are those of `indices`.
 */
function placesAlong(tf: Tf, indices: Tensor, dims: readonly number[], axis: number): Tensor {
  const strides = stridesOf(dims);
  const own = stridesOf(indices.shape);
  const bases = Int32Array.from({ length: indices.size }, (_, i) => {
    let place = 0;
    indices.shape.forEach((size, at) => {
      if (at !== axis) place += (Math.floor(i / own[at]!) % size) * strides[at]!;
    });
    return place;
  });
  const along = tf.mul(wrapped(tf, indices, dims[axis]!), tf.scalar(strides[axis]!, 'int32'));
  return tf.add(along, tf.tensor(bases, indices.shape, 'int32'));
}

/** Flat places of the slices of a tensor of sizes `dims` that the last axis of `indices` names, from axis `begin` on. */
function placesOfTuples(tf: Tf, indices: Tensor, dims: readonly number[], begin: number): Tensor {
  const depth = indices.shape.at(-1)!;
  const strides = stridesOf(dims.slice(begin, begin + depth));
  const sizes = tf.tensor1d(Int32Array.from(dims.slice(begin, begin + depth)), 'int32');
  const zero = tf.scalar(0, 'int32');
  const positive = tf.where(tf.less(indices, zero), tf.add(indices, sizes), indices);
  return tf.sum(tf.mul(positive, tf.tensor1d(Int32Array.from(strides), 'int32')), -1);
}

function gathered(call: Call): Result {
  const { tf, node } = call;
  const axis = call.axis(node.int('axis', 0), call.shape(0).length);
  const indices = wrapped(tf, call.first(1), call.shape(0)[axis]!);
  return first(tf.gather(call.first(0), indices, axis));
}

function gatheredElements(call: Call): Result {
  const { tf, node } = call;
  const shape = call.shape(0);
  const places = placesAlong(tf, call.first(1), shape, call.axis(node.int('axis', 0), shape.length));
  return first(tf.reshape(tf.gather(flat(tf, call.first(0)), flat(tf, places)), [...call.shape(1)]));
}

function gatheredTuples(call: Call): Result {
  const { tf, node } = call;
  const [shape, shapeOfIndices] = [call.shape(0), call.shape(1)];
  const batches = node.int('batch_dims', 0);
  const depth = shapeOfIndices.at(-1)!;
  const rest = shape.slice(batches + depth);
  const batch = elementCount(shape.slice(0, batches));
  const inBatch = elementCount(shape.slice(batches, batches + depth));
  const count = elementCount(shapeOfIndices.slice(batches, -1));
  const places = tf.reshape(placesOfTuples(tf, call.first(1), shape, batches), [batch, count]);
  const bases = Int32Array.from({ length: batch }, (_, i) => i * inBatch);
  const all = tf.add(places, tf.tensor2d(bases, [batch, 1], 'int32'));
  const rows = tf.reshape(call.first(0), [batch * inBatch, elementCount(rest)]);
  return first(tf.reshape(tf.gather(rows, flat(tf, all)), [...shapeOfIndices.slice(0, -1), ...rest]));
}

/** Rows of `x` at `places` replaced by, or with `add` the sum with, rows of `updates`; where places repeat, all are added. */
function scattered(tf: Tf, x: Tensor, places: Tensor, updates: Tensor, reduction: string): Tensor {
  const indices = tf.reshape(places, [places.size, 1]);
  if (reduction === 'none') return tf.tensorScatterUpdate(x, indices as never, updates);
  return tf.add(x, tf.scatterND(indices as never, updates, x.shape as never));
}

function scatteredElements(call: Call): Result {
  const { tf, node } = call;
  const shape = call.shape(0);
  const places = placesAlong(tf, call.first(1), shape, call.axis(node.int('axis', 0), shape.length));
  const y = scattered(tf, flat(tf, call.first(0)), flat(tf, places), flat(tf, call.first(2)), reductionOf(node));
  return first(tf.reshape(y, [...shape]));
}

function scatteredTuples(call: Call): Result {
  const { tf, node } = call;
  const shape = call.shape(0);
  const depth = call.shape(1).at(-1)!;
  const width = elementCount(shape.slice(depth));
  const rows = tf.reshape(call.first(0), [elementCount(shape.slice(0, depth)), width]);
  const places = flat(tf, placesOfTuples(tf, call.first(1), shape, 0));
  const updates = tf.reshape(call.first(2), [places.size, width]);
  return first(tf.reshape(scattered(tf, rows, places, updates, reductionOf(node)), [...shape]));
}

const reductionOf = (node: Node) => node.string('reduction', 'none');

const refusesReduction = (node: Node) => {
  const reduction = reductionOf(node);
  return reduction === 'none' || reduction === 'add' ? undefined : `reduction ${reduction}`;
};

const addsIntegers = (node: Node, types: NodeTypes) =>
  reductionOf(node) === 'add' && exactIntegers.isExact(node, types);

/** Indices off the range are rows of the off value. */
function oneHot(call: Call): Result {
  const { tf, node } = call;
  const depth = call.numbers(1)![0]!;
  const indices = wrapped(tf, tf.cast(call.first(0), 'int32'), depth);
  const [off, on] = tf.split(call.first(2), 2) as [Tensor, Tensor];
  const { rank } = indices;
  const axis = call.axis(node.int('axis', -1), rank + 1);
  const hot = tf.oneHot(indices, depth, 1, 0, 'int32');
  const values = tf.where(tf.cast(hot, 'bool'), on, off);
  if (axis === rank) return first(values);
  const perm = Array.from({ length: rank }, (_, i) => i);
  perm.splice(axis, 0, rank);
  return first(tf.transpose(values, perm));
}

export const gatherOperators: readonly TfjsOperator[] = [
  { op: 'Gather', types: ALL, run: gathered },
  { op: 'GatherElements', types: ALL, run: gatheredElements },
  { op: 'GatherND', types: ALL, run: gatheredTuples },
  { op: 'ScatterElements', types: NUMBERS, refuse: refusesReduction, isExact: addsIntegers, run: scatteredElements },
  { op: 'ScatterND', types: NUMBERS, refuse: refusesReduction, isExact: addsIntegers, run: scatteredTuples },
  { op: 'OneHot', types: ALL, data: 2, host: [1], run: oneHot },
];
