import { Tensor } from '@gossamer/graph';
import { type QuantizedWeight, quantizeChannelWeight } from './quantize-channels.js';
import type { WeightReader } from './weight-reader.js';

/**
 * Quantizes a table as it is stored: int8, one scale a row. As `quantizeChannelWeight` along axis 0, but for rows of zeros, whose scale
 * is the smallest of the piece that is read at once (any scale gives zeros).
 */
export async function quantizeRows(stored: Tensor, reader: WeightReader): Promise<QuantizedWeight> {
  const [rows = 0, ...rest] = stored.dims;
  const width = stored.length / Math.max(1, rows);
  const codes = new Int8Array(stored.length);
  const scale = new Float32Array(rows);
  await reader.useRows(stored, async ({ data, first, count }) => {
    const options = { dtype: 'int8', axis: 0, signal: reader.signal } as const;
    const piece = await quantizeChannelWeight(data, [count, ...rest], options);
    new Uint8Array(codes.buffer).set(piece.codes.bytes(), first * width);
    scale.set(piece.scale.toFloat32(), first);
  });
  return {
    codes: Tensor.of('int8', stored.dims, codes),
    scale: Tensor.of('float32', [rows], scale),
    zeroPoint: Tensor.of('int8', [rows], new Int8Array(rows)),
    axis: 0,
  };
}
