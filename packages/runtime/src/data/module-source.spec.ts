import { Tensor } from '@gossamer/graph';
import type { Batch } from './data-source.js';
import { moduleSource } from './module-source.js';

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const found: Batch[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

const plain = (values: number[]) => ({ dtype: 'float32', dims: [values.length], data: Float32Array.from(values) });

describe('module', () => {
  it('takes an iterable of plain feeds', async () => {
    const data = moduleSource('m.mjs', [{ x: plain([1, 2]) }, { x: Tensor.fromNumbers('float32', [1], [3]) }], {});
    const batches = await collect(data.batches());
    expect(batches.map(({ count, feeds }) => [count, ...feeds['x']!.toFloat32()])).toEqual([
      [2, 1, 2],
      [1, 3],
    ]);
  });

  it('takes a function of the options, with labels, counts and steps', async () => {
    async function* make({ batchSize }: { batchSize?: number }) {
      yield { feeds: { x: plain([1, 2, 3]) }, labels: plain([9]), count: batchSize, steps: [{ y: plain([4]) }] };
    }
    const [batch] = await collect(moduleSource('m.mjs', make, {}).batches({ batchSize: 2 }));
    expect(batch!.count).toBe(2);
    expect(batch!.labels!.toFloat32()[0]).toBe(9);
    expect(batch!.steps![0]!['y']!.toFloat32()[0]).toBe(4);
  });

  it('stops at the limit', async () => {
    function* forever() {
      for (;;) yield { x: plain([1, 2]) };
    }
    expect(await collect(moduleSource('m.mjs', forever, { limit: 5 }).batches())).toHaveLength(3);
    expect(await collect(moduleSource('m.mjs', forever, {}).batches({ limit: 1 }))).toHaveLength(1);
  });

  it('cuts the last batch at the limit, labels included, and asks for no more', async () => {
    let made = 0;
    function* three() {
      for (;;) {
        made++;
        yield { feeds: { x: plain([1, 2, 3]) }, labels: plain([4, 5, 6]) };
      }
    }
    const batches = await collect(moduleSource('m.mjs', three, { limit: 4 }).batches());
    expect(batches.map(({ count, rows, labels }) => [count, rows, ...labels!.toFloat32()])).toEqual([
      [3, undefined, 4, 5, 6],
      [1, 3, 4],
    ]);
    expect(made).toBe(2);
  });

  it('takes how many rows were fed where they fill up a batch, and refuses counts that are none', async () => {
    const batch = { feeds: { x: plain([1, 2, 3]) } };
    const [filled] = await collect(moduleSource('m.mjs', [{ ...batch, count: 2, rows: 3 }], {}).batches());
    expect(filled).toMatchObject({ count: 2, rows: 3 });
    for (const wrong of [{ count: 0 }, { count: NaN }, { count: 1.5 }, { count: '2' }, { count: 3, rows: 2 }]) {
      await expect(collect(moduleSource('m.mjs', [{ ...batch, ...wrong }], {}).batches())).rejects.toMatchObject({
        code: 'ERR_DATA_FILE',
      });
    }
  });

  it('refuses exports and items that are neither', async () => {
    expect(() => moduleSource('m.mjs', undefined, {})).toThrow(expect.objectContaining({ code: 'ERR_DATA_FILE' }));
    for (const items of [[1], [{ x: [1, 2] }], [{ feeds: { x: { dtype: 'float32' } } }]]) {
      await expect(collect(moduleSource('m.mjs', items, {}).batches())).rejects.toMatchObject({
        code: 'ERR_DATA_FILE',
      });
    }
  });
});
