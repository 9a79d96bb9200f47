import { fillUniform, streamOf } from '../data/counter-random.js';

/** `count` numbers in [0, 1) for parameter `name` of trial `id`: the same whatever else was drawn. */
export function draw(seed: number, id: number, name: string, count: number): Float32Array {
  const out = new Float32Array(count);
  fillUniform(out, seed, streamOf(`tune/${name}`), id);
  return out;
}
