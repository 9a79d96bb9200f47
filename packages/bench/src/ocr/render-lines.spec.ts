import { createHash } from 'node:crypto';
import { ocrDictionary } from './dictionary.js';
import { renderLines } from './render-lines.js';

describe('renderLines', () => {
  const digest = (count: number, seed: number): string => {
    const sha = createHash('sha256');
    for (const { text, feeds } of renderLines({ count, seed })) {
      const { data } = feeds.x;
      sha.update(text).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    return sha.digest('hex');
  };

  it('gives the same bytes on every machine', () => {
    expect(digest(20, 1)).toBe('a41183083fb176f8a93fe28ab976d25ec331dae955a09b2408170ebbcee183b1');
  });

  it('makes a longer set from a shorter one by appending, and other lines from another seed', () => {
    const texts = (count: number, seed: number) => Array.from(renderLines({ count, seed }), ({ text }) => text);
    expect(texts(8, 3).slice(0, 5)).toEqual(texts(5, 3));
    expect(texts(8, 4)).not.toEqual(texts(8, 3));
  });

  it('writes with characters that the model knows, in normalised images of height 48', () => {
    const known = new Set(ocrDictionary());
    for (const { text, feeds } of renderLines({ count: 40, seed: 9 })) {
      expect([...text].filter((character) => !known.has(character))).toEqual([]);
      const [n, channels, height, width] = feeds.x.dims;
      expect([n, channels, height, width % 32]).toEqual([1, 3, 48, 0]);
      expect(feeds.x.data.length).toBe(3 * 48 * width);
      expect(feeds.x.data.every((value) => value >= -1 && value <= 1)).toBe(true);
    }
  });
});

describe('ocrDictionary', () => {
  it('has one text for each of the 6,625 classes: blank, keys, space', () => {
    const dictionary = ocrDictionary();
    expect(dictionary).toHaveLength(6625);
    expect([dictionary[0], dictionary[1], dictionary[6624]]).toEqual(['', "'", ' ']);
  });
});
