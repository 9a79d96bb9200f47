import type { Dim } from '../ir/dim.js';
import type { Value } from '../ir/value.js';
import type { Attributes, Emitter } from './emitter.js';
import { channelsFirstOperand, type Operand } from './operand.js';

/** How an image (rank 4) is resized. */
export interface Resizing {
  readonly mode: 'nearest' | 'bilinear';
  /** Where TensorFlow takes a pixel from. */
  readonly coordinates: 'asymmetric' | 'half_pixel' | 'align_corners';
  /** Height and width as numbers where known, else `factors` or `computed` say them. */
  readonly sizes?: readonly Dim[] | undefined;
  readonly factors?: readonly number[] | undefined;
  /** int64[2]. */
  readonly computed?: Value | undefined;
}

/** Source: tfjs-backend-cpu `ResizeBilinear`, `ResizeNearestNeighbor`, whose pixel positions these ONNX modes have. */
export function resize(e: Emitter, x: Operand, { mode, coordinates, sizes, factors, computed }: Resizing): Operand {
  const source = e.channelsFirst(x);
  const attributes: Attributes = {
    axes: [2, 3],
    mode: mode === 'nearest' ? 'nearest' : 'linear',
    coordinate_transformation_mode: coordinates,
    // TF.js floors positions of its own that lie half a pixel after ONNX's where centers are aligned, and rounds half up at corners.
    nearest_mode: coordinates === 'asymmetric' ? 'floor' : 'round_prefer_ceil',
  };
  if (sizes?.every((size) => typeof size === 'number')) {
    return channelsFirstOperand(e.op('Resize', [source, undefined, undefined, e.int64(sizes as number[])], attributes));
  }
  if (factors)
    return channelsFirstOperand(e.op('Resize', [source, undefined, e.constant(factors, 'float32')], attributes));
  if (!computed) throw e.error('size', 'known or computed sizes', 'neither');
  return channelsFirstOperand(e.op('Resize', [source, undefined, undefined, computed], attributes));
}
