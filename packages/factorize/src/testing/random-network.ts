import { GraphBuilder, type Model, Tensor, type Value } from '@gossamer/graph';

/** Numbers in (-1, 1), the same for a seed. Source: mulberry32, Tommy Ettinger. */
export function randomNumbers(length: number, seed: number): Float64Array {
  let state = seed >>> 0;
  return Float64Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 31 - 1;
  });
}

/** A [rows, columns] matrix of that rank, elements of about 1. */
export function lowRankMatrix(rows: number, columns: number, rank: number, seed: number): Float64Array {
  const [u, v] = [randomNumbers(rows * rank, seed), randomNumbers(rank * columns, seed + 1)];
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    let sum = 0;
    for (let p = 0; p < rank; p++) sum += u[Math.floor(at / columns) * rank + p]! * v[p * columns + (at % columns)]!;
    return sum;
  });
}

export const floats = (dims: readonly number[], seed: number): Tensor =>
  Tensor.of(
    'float32',
    dims,
    Float32Array.from(
      randomNumbers(
        dims.reduce((a, b) => a * b, 1),
        seed,
      ),
    ),
  );

/** A model of what `build` makes of its input x. */
export function network(shape: readonly (number | string)[], build: (g: GraphBuilder, x: Value) => Value): Model {
  const g = new GraphBuilder('net');
  const y = build(g, g.input('x', 'float32', shape));
  return g.output(y, 'y').model();
}
