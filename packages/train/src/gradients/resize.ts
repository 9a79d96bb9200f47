import {
  attribute,
  type AttributeValue,
  elementCount,
  GossamerError,
  GraphBuilder,
  type Node,
  Tensor,
  type Value,
} from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import type { Emitter } from '../emit/emitter.js';
import { TRAINING_OPSET } from '../emit/train-domain.js';
import type { TrainErrorCode } from '../error-codes.js';
import { defineGradient } from './gradient-rule.js';

/** A resized axis: y = x M^T along it, M [to, from]. */
interface ResizedAxis {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  /** M^T [from, to], row-major. */
  readonly matrix: Float64Array;
}

function refuse(node: Node, expected: string, received: string): never {
  throw new GossamerError<TrainErrorCode>(
    'ERR_NO_GRADIENT',
    `node ${node.id}: expected Resize with ${expected}, received ${received}`,
  );
}

/** The contents of a constant input; undefined where it is absent or empty. */
function constantOf(node: Node, index: number): readonly number[] | undefined {
  const value = node.inputs[index];
  if (!value) return undefined;
  const tensor = value.constant ?? refuse(node, 'roi, scales and sizes that are constants', value.name);
  return tensor.length === 0 ? undefined : Array.from(tensor.toFloat64());
}

/** Row i: what element i of the axis gives to each result. It is the operator itself, run along one axis of the identity. */
function identityResized(
  node: Node,
  from: number,
  roi: readonly number[],
  scale?: number,
  size?: number,
): Float64Array {
  const g = new GraphBuilder('axis', { opset: TRAINING_OPSET });
  const x = g.input('x', 'float64', [from, from]);
  const own: Record<string, AttributeValue> = Object.fromEntries(
    [...node.attributes].map(([name, { content }]) => [name, content]),
  );
  const inputs = [
    x,
    g.constant(roi, 'float32'),
    scale === undefined ? undefined : g.constant([scale], 'float32'),
    size === undefined ? undefined : g.constant([size]),
  ];
  const attributes = { ...own, axes: attribute.ints([1]), extrapolation_value: attribute.float(0) };
  g.output(g.op('Resize', inputs, attributes), 'y');
  const identity = Float64Array.from({ length: from * from }, (_, i) => (i % (from + 1) === 0 ? 1 : 0));
  const feeds = { x: Tensor.of('float64', [from, from], identity) };
  return evaluate(g.model(), feeds, { precision: 'float64' })['y']!.toFloat64();
}

function resizedAxes(g: Emitter, node: Node): ResizedAxis[] {
  const [x, y] = [g.shape(node.inputs[0]!), g.shape(node.outputs[0]!)];
  const policy = node.string('keep_aspect_ratio_policy', 'stretch');
  const [roi, scales, sizes] = [constantOf(node, 1), constantOf(node, 2), constantOf(node, 3)];
  if (sizes && policy !== 'stretch') refuse(node, 'keep_aspect_ratio_policy stretch', policy);
  const crops = node.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';
  const axes = node.ints(
    'axes',
    x.map((_, axis) => axis),
  );
  return axes.flatMap((given, i): ResizedAxis[] => {
    const axis = given < 0 ? given + x.length : given;
    const [from, to] = [x[axis]!, y[axis]!];
    const region = crops && roi ? [roi[i]!, roi[i + axes.length]!] : [0, 1];
    if (from === to && region[0] === 0 && region[1] === 1) return [];
    return [{ axis, from, to, matrix: identityResized(node, from, region, scales?.[i], sizes?.[i]) }];
  });
}

/** Whether each element is repeated to / from times. */
const isRepetition = ({ from, to, matrix }: ResizedAxis): boolean =>
  to % from === 0 &&
  matrix.every((value, i) => value === (Math.floor((i % to) / (to / from)) === Math.floor(i / to) ? 1 : 0));

function backAlong(g: Emitter, dy: Value, resized: ResizedAxis): Value {
  const { axis, from, to, matrix } = resized;
  const shape = g.shape(dy);
  const [before, after] = [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis + 1))];
  const target = shape.map((size, i) => (i === axis ? from : size));
  if (isRepetition(resized)) {
    return g.reshape(g.sum(g.reshape(dy, [before, from, to / from, after]), [2]), target);
  }
  if (after > 1) {
    const map = g.tensor(Tensor.of('float32', [from, to], Float32Array.from(matrix)));
    return g.reshape(g.matmul(map, g.reshape(dy, [before, to, after])), target);
  }
  const turned = Float32Array.from({ length: to * from }, (_, i) => matrix[(i % from) * to + Math.floor(i / from)]!);
  const map = g.tensor(Tensor.of('float32', [to, from], turned));
  return g.reshape(g.matmul(g.reshape(dy, [before, to]), map), target);
}

/**
 * Resizing is a linear map along one axis after the other (nearest, linear and cubic alike): the gradient is the product with each map
 * transposed, or a sum where elements were only repeated.
 */
export const resizeGradient = defineGradient({
  op: 'Resize',
  gradient: ({ g, node, dy }) => [
    resizedAxes(g, node).reduce((gradient, resized) => backAlong(g, gradient, resized), dy),
  ],
});
