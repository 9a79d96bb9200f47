import type { Dim } from '../ir/dim.js';
import type { Value } from '../ir/value.js';
import type { Attributes, Emitter } from './emitter.js';
import { channelsFirstOperand, type Operand } from './operand.js';

/** How an image (rank 4) is resized. */
export interface Resizing {
  readonly mode: 'nearest' | 'bilinear';
  /** Where TensorFlow takes a pixel from. */
  readonly coordinates: 'asymmetric' | 'half_pixel' | 'align_corners';
  /** Height and width: whole factors, or sizes as far as known with the int64[2] that holds them. */
  readonly to:
    { readonly factors: readonly number[] } | { readonly sizes: readonly Dim[] | undefined; readonly value: Value };
}

/** Source: tfjs-backend-cpu `ResizeBilinear`, `ResizeNearestNeighbor`, whose pixel positions these ONNX modes have. */
export function resize(e: Emitter, x: Operand, { mode, coordinates, to }: Resizing): Operand {
  const source = e.channelsFirst(x);
  const attributes: Attributes = {
    mode: mode === 'nearest' ? 'nearest' : 'linear',
    coordinate_transformation_mode: coordinates,
    // TF.js floors positions of its own that lie half a pixel after ONNX's where centers are aligned, and rounds half up at corners.
    nearest_mode: coordinates === 'asymmetric' ? 'floor' : 'round_prefer_ceil',
  };
  if ('factors' in to) {
    const scales = e.constant([1, 1, ...to.factors], 'float32');
    return channelsFirstOperand(e.op('Resize', [source, undefined, scales], attributes));
  }
  const sizes = fullSizes(e, source, to.sizes, to.value);
  return channelsFirstOperand(e.op('Resize', [source, undefined, undefined, sizes], attributes));
}

/** Sizes of all four axes: onnxruntime 1.30 mishandles Resize with the `axes` attribute where it moves a Transpose across. */
function fullSizes(e: Emitter, source: Value, sizes: readonly Dim[] | undefined, value: Value): Value {
  const kept = e.types.shapeOf(source)?.slice(0, 2);
  const all = kept && sizes && [...kept, ...sizes];
  if (all?.length === 4 && all.every((size) => typeof size === 'number')) return e.int64(all as number[]);
  const batchAndChannels = e.op('Slice', [e.op('Shape', [source]), e.int64([0]), e.int64([2]), e.int64([0])]);
  return e.op('Concat', [batchAndChannels, value], { axis: 0 });
}
