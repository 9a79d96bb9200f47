import type { Dim } from '../../../ir/dim.js';
import type { Value } from '../../../ir/value.js';
import type { Emitter } from '../../emitter.js';
import { defineOp, type TfNode } from '../tf-node.js';
import { plainOperand } from '../../operand.js';

/** Where the pixels of every crop lie on one axis of the image. */
interface Positions {
  /** float64 [boxes, size]. */
  readonly at: Value;
  /** bool [boxes, size]: within the image. */
  readonly isInside: Value;
  /** The image's last pixel, a float64 scalar. */
  readonly last: Value;
}

/**
 * CropAndResize by gathering the four neighbours of every pixel. Positions are computed in float64 and in TF.js's order, so that a crop
 * that ends on the image's last pixel ends on it here too. Source: tfjs-backend-cpu `CropAndResize`.
 */
export const cropAndResizeOp = defineOp('CropAndResize', (node) => {
  const { e } = node;
  const [height, width] = node.ints(3, 'crop_size');
  if (height === undefined || width === undefined || height < 1 || width < 1) {
    throw node.error('crop_size', 'two integers > 0', `[${height}, ${width}]`);
  }
  const method = node.def.string('method', 'bilinear');
  if (method !== 'bilinear' && method !== 'nearest') throw node.error('method', 'bilinear or nearest', method);
  const shape = e.shapeOf(node.operand(0));
  const boxes = e.cast(node.plain(1), 'float64');
  const rows = positions(node, boxes, [0, 2], height, shape?.[1], 1);
  const columns = positions(node, boxes, [1, 3], width, shape?.[2], 2);
  const sampled = method === 'bilinear' ? bilinear(node, rows, columns) : nearest(node, rows, columns);
  const isInside = e.op('And', [unsqueeze(e, rows.isInside, [2, 3]), unsqueeze(e, columns.isInside, [1, 3])]);
  const outside = e.constant(node.def.float('extrapolation_value', 0), 'float32');
  return plainOperand(e.op('Where', [isInside, sampled, outside]));
});

const unsqueeze = (e: Emitter, value: Value, axes: readonly number[]) => e.op('Unsqueeze', [value, e.int64(axes)]);

/** Positions along one axis of the image; `ends` are the columns of a box that hold its begin and end. */
function positions(
  node: TfNode,
  boxes: Value,
  ends: readonly [number, number],
  size: number,
  dim: Dim | undefined,
  axis: number,
): Positions {
  const { e } = node;
  const constant = (value: number | readonly number[]) => e.constant(value, 'float64');
  const [begin, end] = ends.map((column) => e.op('Gather', [boxes, e.int64([column])], { axis: 1 })) as [Value, Value];
  const last = typeof dim === 'number' ? constant(dim - 1) : lastPixel(node, axis);
  let at: Value;
  if (size === 1) {
    at = e.op('Mul', [e.op('Mul', [constant(0.5), e.op('Add', [begin, end])]), last]);
  } else {
    const step = e.op('Div', [e.op('Mul', [e.op('Sub', [end, begin]), last]), constant(size - 1)]);
    const places = constant(Array.from({ length: size }, (_, i) => i));
    at = e.op('Add', [e.op('Mul', [begin, last]), e.op('Mul', [places, step])]);
  }
  const isLow = e.op('Less', [at, constant(0)]);
  const isInside = e.op('Not', [e.op('Or', [isLow, e.op('Greater', [at, last])])]);
  // What lies outside is not used, but must be gathered from somewhere.
  return { at: e.op('Min', [e.op('Max', [at, constant(0)]), last]), isInside, last };
}

function lastPixel(node: TfNode, axis: number): Value {
  const { e } = node;
  const size = e.op('Gather', [e.op('Shape', [node.plain(0)]), e.int64(axis)]);
  return e.op('Sub', [e.cast(size, 'float64'), e.constant(1, 'float64')]);
}

/** Pixels at integer positions `rows` and `columns` (float64 [boxes, size]) of each box's image: [boxes, height, width, channels]. */
function pixels(node: TfNode, rows: Value, columns: Value): Value {
  const { e } = node;
  const images = e.op('Unsqueeze', [node.int64(2), e.int64([1, 2])]);
  const y = unsqueeze(e, e.cast(rows, 'int64'), [2]);
  const x = unsqueeze(e, e.cast(columns, 'int64'), [1]);
  const zero = e.op('Mul', [e.op('Add', [y, x]), e.int64(0)]);
  const indices = [images, y, x].map((index) => unsqueeze(e, e.op('Add', [index, zero]), [3]));
  return e.op('GatherND', [node.plain(0), e.op('Concat', indices, { axis: 3 })]);
}

function bilinear(node: TfNode, rows: Positions, columns: Positions): Value {
  const { e } = node;
  const neighbours = ({ at, last }: Positions) => {
    const low = e.op('Floor', [at]);
    // Past an integer position the share of the next pixel is 0.
    const high = e.op('Min', [e.op('Add', [low, e.constant(1, 'float64')]), last]);
    return { low, high, share: e.cast(e.op('Sub', [at, low]), 'float32') };
  };
  const y = neighbours(rows);
  const x = neighbours(columns);
  const mix = (a: Value, b: Value, share: Value) => e.op('Add', [a, e.op('Mul', [e.op('Sub', [b, a]), share])]);
  const across = unsqueeze(e, x.share, [1, 3]);
  const top = mix(pixels(node, y.low, x.low), pixels(node, y.low, x.high), across);
  const bottom = mix(pixels(node, y.high, x.low), pixels(node, y.high, x.high), across);
  return mix(top, bottom, unsqueeze(e, y.share, [2, 3]));
}

/** TF.js rounds half up. */
function nearest(node: TfNode, rows: Positions, columns: Positions): Value {
  const { e } = node;
  const rounded = ({ at }: Positions) => e.op('Floor', [e.op('Add', [at, e.constant(0.5, 'float64')])]);
  return pixels(node, rounded(rows), rounded(columns));
}
