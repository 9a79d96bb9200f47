import type { Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';

/** [batch, sequence, heads * size] as [batch, heads, sequence, size]; rank 4 is that already. */
export function byHeads(g: Emitter, x: Value, heads: number): Value {
  if (g.rank(x) === 4) return x;
  const [batch, sequence, hidden] = g.shape(x) as [number, number, number];
  return g.transpose(g.reshape(x, [batch, sequence, heads, hidden / heads]), [0, 2, 1, 3]);
}

/** The contrary of `byHeads`. */
export function joinHeads(g: Emitter, x: Value): Value {
  const [batch, heads, sequence, size] = g.shape(x) as [number, number, number, number];
  return g.reshape(g.transpose(x, [0, 2, 1, 3]), [batch, sequence, heads * size]);
}
