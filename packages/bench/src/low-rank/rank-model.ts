import { GraphBuilder, type Model } from '@gossamer/graph';
import { seededRandom } from '../seeded-random.js';

/** A product of `columns` features to `rows`, whole or through `rank` features, with random weights: x [m, columns] to y. */
export function rankModel(m: number, columns: number, rows: number, rank?: number): Model {
  const g = new GraphBuilder('product', { opset: 17 });
  const random = seededRandom(1);
  const weight = (name: string, dims: readonly [number, number]) =>
    g.weight(
      name,
      [...dims],
      Float32Array.from({ length: dims[0] * dims[1] }, () => (random.next() - 0.5) / Math.sqrt(dims[0])),
    );
  let x = g.input('x', 'float32', [m, columns]);
  if (rank !== undefined) x = g.op('MatMul', [x, weight('first', [columns, rank])]);
  const last = weight('last', [rank ?? columns, rows]);
  return g.output(g.op('MatMul', [x, last]), 'y', 'float32', [m, rows]).model();
}
