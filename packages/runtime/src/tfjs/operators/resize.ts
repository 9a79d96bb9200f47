import type { Node } from '@gossamer/graph';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import { type Call, ordered } from '../call.js';
import { FLOAT, type Result, type TfjsOperator } from '../operator.js';

/** How one axis is resized. */
interface AxisSize {
  readonly from: number;
  readonly to: number;
  /** Output elements per input element, as given or implied. */
  readonly scale: number;
  /** What a size in proportion would be: no whole number where a scale is given. */
  readonly ideal: number;
}

type Coordinate = (at: number, axis: AxisSize) => number;

/** Where in the input an element of the output lies. Source: ONNX, Resize, coordinate_transformation_mode. */
const COORDINATES: Readonly<Record<string, Coordinate>> = {
  half_pixel: (at, { scale }) => (at + 0.5) / scale - 0.5,
  half_pixel_symmetric(at, { from, to, scale, ideal }) {
    const adjustment = to / ideal;
    const center = from / 2;
    return center * (1 - adjustment) + (at + 0.5) / scale - 0.5;
  },
  pytorch_half_pixel: (at, { scale, ideal }) => (ideal > 1 ? (at + 0.5) / scale - 0.5 : 0),
  align_corners: (at, { from, ideal }) => (ideal === 1 ? 0 : (at * (from - 1)) / (ideal - 1)),
  asymmetric: (at, { scale }) => at / scale,
};

const NEAREST: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

const modeOf = (node: Node) => node.string('coordinate_transformation_mode', 'half_pixel');
const nearestOf = (node: Node) => node.string('nearest_mode', 'round_prefer_floor');

function refuse(node: Node): string | undefined {
  const mode = node.string('mode', 'nearest');
  if (mode !== 'nearest' && mode !== 'linear') return `mode ${mode}`;
  if (!Object.hasOwn(COORDINATES, modeOf(node))) return `coordinates ${modeOf(node)}`;
  if (node.int('antialias', 0) === 1) return 'antialias';
  if (node.has('axes')) return 'some axes only';
  if (node.string('keep_aspect_ratio_policy', 'stretch') !== 'stretch') return 'a kept aspect ratio';
  return node.input(2) || node.input(3) ? undefined : 'neither scales nor sizes';
}

const clamp = (at: number, size: number) => Math.min(Math.max(at, 0), size - 1);

function resized(tf: Tf, x: Tensor, axis: number, size: AxisSize, node: Node): Tensor {
  const places = Array.from({ length: size.to }, (_, at) => COORDINATES[modeOf(node)]!(at, size));
  const take = (indices: readonly number[]) => tf.gather(x, tf.tensor1d(Int32Array.from(indices), 'int32'), axis);
  if (node.string('mode', 'nearest') === 'nearest') {
    return take(places.map((place) => clamp(NEAREST[nearestOf(node)]!(place), size.from)));
  }
  const dims = x.shape.map((_, at) => (at === axis ? size.to : 1));
  const upper = places.map((place) => place - Math.floor(place));
  const weights = (list: readonly number[]) => tf.tensor(Float32Array.from(list), dims);
  const low = take(places.map((place) => clamp(Math.floor(place), size.from)));
  const high = take(places.map((place) => clamp(Math.floor(place) + 1, size.from)));
  return tf.add(tf.mul(low, weights(upper.map((weight) => 1 - weight))), tf.mul(high, weights(upper)));
}

function run(call: Call): Result {
  const { tf, node } = call;
  const { tensor, layout } = call.any(0);
  const scales = call.numbers(2) ?? [];
  const sizes = call.numbers(3);
  const axes = call.shape(0).map((from, axis): AxisSize => {
    // In float32, as inference has it: 5 * 1.4 is 7.
    const to = sizes?.[axis] ?? Math.floor(Math.fround(from * scales[axis]!));
    const scale = scales[axis] ?? to / from;
    return { from, to, scale, ideal: sizes ? to : scale * from };
  });
  const y = ordered(layout, axes).reduce(
    (x, size, axis) => (size.from === size.to && size.scale === 1 ? x : resized(tf, x, axis, size, node)),
    tensor,
  );
  return { tensor: y, layout };
}

export const resizeOperators: readonly TfjsOperator[] = [{ op: 'Resize', types: FLOAT, host: [1, 2, 3], refuse, run }];
