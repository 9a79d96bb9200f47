import type { Batch, DataSource } from '@gossamer/runtime';
import { directionSource } from './direction-source.js';
import { lineSource } from './line-source.js';
import { pageSource } from './page-source.js';
import { renderLines } from './render-lines.js';

async function all(source: DataSource, limit?: number): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of source.batches(limit === undefined ? {} : { limit })) batches.push(batch);
  return batches;
}

describe('the OCR sources', () => {
  it('gives each line with its text, and starts over on every reading', async () => {
    const source = lineSource({ count: 3, seed: 5 });
    const texts = (batches: readonly Batch[]) =>
      batches.map(({ targets }) => new TextDecoder().decode(targets!.strings()[0]));
    const expected = Array.from(renderLines({ count: 3, seed: 5 }), ({ text }) => text);
    expect(texts(await all(source))).toEqual(expected);
    expect(texts(await all(source, 2))).toEqual(expected.slice(0, 2));
    expect(source.length).toBe(3);
  });

  it('turns every other line end by half a turn and labels it', async () => {
    const batches = await all(directionSource({ count: 2, seed: 5 }));
    expect(batches.map(({ labels }) => labels!.toFloat64()[0])).toEqual([0, 1]);
    const lines = [...renderLines({ count: 2, seed: 5 })];
    const pixel = (line: number, y: number, x: number) => {
      const { data, dims } = lines[line]!.feeds.x;
      return data[y * dims[3] + x];
    };
    const [upright, turned] = batches.map(({ feeds }) => feeds['x']!.toFloat32());
    expect(upright![7 * 192 + 11]).toBe(pixel(0, 7, 11));
    expect(turned![7 * 192 + 11]).toBe(pixel(1, 47 - 7, 191 - 11));
  });

  it('puts six lines on a page, normalised with the mean and deviation of ImageNet', async () => {
    const [page] = await all(pageSource({ count: 1, seed: 5 }));
    const x = page!.feeds['x']!;
    expect(x.dims).toEqual([1, 3, 480, 640]);
    const data = x.toFloat32();
    // The corner shows paper of level 0.85; inside the first line the line's own pixel shows.
    expect(data[0]).toBeCloseTo((0.85 - 0.485) / 0.229, 6);
    const [line] = [...renderLines({ count: 1, seed: 5 })];
    const level = 0.5 + line!.feeds.x.data[20 * line!.feeds.x.dims[3] + 30]! / 2;
    expect(data[(14 + 20) * 640 + 16 + 30]).toBeCloseTo((level - 0.485) / 0.229, 5);
  });
});
