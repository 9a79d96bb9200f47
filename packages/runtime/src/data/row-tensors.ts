import { Tensor } from '@gossamer/graph';
import { sliceRows } from '../session/tensor-view.js';

/** [1, ...dims] as [...dims]. */
export function dropRowAxis(rows: Tensor): Tensor {
  return rows.reshaped(rows.dims.slice(1));
}

/** `rows` filled up to `count` rows with copies of the last one. */
export function padRows(rows: Tensor, count: number): Tensor {
  const [have = 0, ...rest] = rows.dims;
  if (rows.dtype === 'string') {
    const strings = rows.strings();
    const last = strings.slice(strings.length - strings.length / have);
    return Tensor.ofStrings([count, ...rest], [...strings, ...Array.from({ length: count - have }, () => last).flat()]);
  }
  const bytes = rows.bytes();
  const rowBytes = bytes.length / have;
  const out = new Uint8Array(count * rowBytes);
  out.set(bytes);
  for (let row = have; row < count; row++) out.set(bytes.subarray(bytes.length - rowBytes), row * rowBytes);
  return Tensor.of(rows.dtype, [count, ...rest], out);
}

/** Step `t` of [samples, time, ...frame]: [samples, ...frame], or [...frame] of the only sample. */
export function frameAt(rows: Tensor, t: number, dropSamples: boolean): Tensor {
  const [samples = 0, time = 0, ...frame] = rows.dims;
  if (samples === 1) {
    const inner = sliceRows(dropRowAxis(rows), t, t + 1);
    return dropSamples ? dropRowAxis(inner) : inner;
  }
  const bytes = rows.bytes();
  const frameBytes = bytes.length / (samples * time);
  const out = new Uint8Array(samples * frameBytes);
  for (let s = 0; s < samples; s++) {
    const start = (s * time + t) * frameBytes;
    out.set(bytes.subarray(start, start + frameBytes), s * frameBytes);
  }
  return Tensor.of(rows.dtype, [samples, ...frame], out);
}
