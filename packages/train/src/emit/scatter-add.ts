import type { Value } from '@gossamer/graph';
import type { Emitter } from './emitter.js';

/**
 * Rows [count, width] with row i of `updates` [indices, width] added to row indices[i], in the order of i; `indices` [n] lie in [-count, count).
 *
 * ScatterElements, because ONNX Runtime runs ScatterND on all threads at once: sums of one row race (onnxruntime issues 18048 and 23396).
 */
export function scatterAdd(g: Emitter, indices: Value, updates: Value, count: number): Value {
  const [rows, width] = g.shape(updates) as [number, number];
  return g.op(
    'ScatterElements',
    [g.zeros([count, width], g.dtype(updates)), g.expand(g.reshape(indices, [rows, 1]), [rows, width]), updates],
    { axis: 0, reduction: 'add' },
  );
}
