import type { Tensor } from '@gossamer/graph';
import { float32View } from '../session/tensor-view.js';
import type { SampleRun } from './record-samples.js';

/** Float32 elements, row-major. */
export interface FloatArray {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/**
 * The elements of an activation without the samples that only fill a fixed batch up. The batch is the first axis of its size (the last
 * axis apart); else the first axis is taken for one that batch and time were folded into, batch outermost, when the sizes allow it.
 */
export function meantPart(tensor: Tensor, { count, rows }: Pick<SampleRun, 'count' | 'rows'>): FloatArray {
  const { dims } = tensor;
  const data = float32View(tensor);
  if (rows === undefined) return { dims, data };
  const exact = dims.slice(0, -1).indexOf(rows);
  const axis = Math.max(exact, 0);
  const size = dims[axis] ?? 0;
  if (size % rows !== 0) return { dims, data };
  const keep = (size / rows) * count;
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = size === 0 ? 0 : data.length / (size * inner);
  const kept = dims.map((dim, i) => (i === axis ? keep : dim));
  if (axis === 0) return { dims: kept, data: data.subarray(0, keep * inner) };
  const out = new Float32Array(outer * keep * inner);
  for (let i = 0; i < outer; i++) {
    const from = i * size * inner;
    out.set(data.subarray(from, from + keep * inner), i * keep * inner);
  }
  return { dims: kept, data: out };
}
