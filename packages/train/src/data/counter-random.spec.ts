import { philox4x32 } from '@gossamer/runtime';
import { fillUniform, streamOf } from './counter-random.js';

const WORD = 2 ** 32;

/** Element by element, from the published generator. */
function expected(length: number, seed: number, stream: number, step: number): Float32Array {
  const words = new Uint32Array(4);
  return Float32Array.from({ length }, (_, i) => {
    const block = Math.floor(i / 4);
    philox4x32(words, block, step % WORD, Math.floor(step / WORD), stream, seed % WORD, Math.floor(seed / WORD));
    return (words[i % 4]! >>> 8) / 2 ** 24;
  });
}

describe('fillUniform', () => {
  const places: [number, number, number, number][] = [
    [0, 0, 0, 0],
    [1, 7, streamOf('random/fc1'), 3],
    [4, 1, 2, 3],
    [1021, 2 ** 53 - 1, WORD - 1, 2 ** 40 + 5],
    [70_003, 0x9e3779b9 * 2, 0x80000000, 0xffffffff],
  ];
  test.each(places)('%i numbers of seed %i, stream %i, step %i are the words of Philox', (...place) => {
    const out = new Float32Array(place[0]);
    fillUniform(out, ...(place.slice(1) as [number, number, number]));
    expect(out).toEqual(expected(...place));
  });

  test('numbers are spread evenly over [0, 1), and do not depend on how many are drawn', () => {
    const out = new Float32Array(100_000);
    fillUniform(out, 3, 4, 5);
    const shares = new Float64Array(10);
    for (const u of out) shares[Math.floor(u * 10)]! += 1 / out.length;
    // Five standard deviations of a share: 5 sqrt(0.09 / 100,000).
    shares.forEach((share) => expect(Math.abs(share - 0.1)).toBeLessThan(0.0048));
    const few = new Float32Array(10);
    fillUniform(few, 3, 4, 5);
    expect(few).toEqual(out.slice(0, 10));
  });
});
