import type { PortSpec } from '../session/port-spec.js';
import type { Batch } from './data-source.js';
import { openData } from './open-data.js';
import { RandomStream } from './random-values.js';

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const found: Batch[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

const inputs: readonly PortSpec[] = [
  { name: 'x', dtype: 'float32', shape: ['n', 3, 's'] },
  { name: 'ids', dtype: 'int64', shape: ['n', 's'], maximum: 50 },
  { name: 'mask', dtype: 'bool', shape: ['n', 's'] },
];

describe('random', () => {
  it('gives the same samples whatever the batch size', async () => {
    const data = await openData('random:7', { inputs, seed: 3, bindings: { s: 5 } });
    const one = await collect(data.batches({ batchSize: 1 }));
    const three = await collect(data.batches({ batchSize: 3 }));
    expect(three.map(({ count }) => count)).toEqual([3, 3, 1]);
    for (const { name } of inputs) {
      const bytes = (batches: Batch[]) => Buffer.concat(batches.map(({ feeds }) => feeds[name]!.bytes()));
      expect(bytes(three).equals(bytes(one))).toBe(true);
    }
    expect(data.latencyOnly).toBe(true);
    expect(data.description).toContain('latency only');
  });

  it('keeps to dtypes, bounds and bindings; another seed gives other values', async () => {
    const [batch] = await collect(
      (await openData('random:4', { inputs, bindings: { s: 9 } })).batches({ batchSize: 4 }),
    );
    expect(batch!.feeds['x']!.dims).toEqual([4, 3, 9]);
    const ids = batch!.feeds['ids']!.toIntegers();
    expect(Math.min(...ids)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...ids)).toBeLessThan(50);
    expect(new Set(ids).size).toBeGreaterThan(10);
    expect([...batch!.feeds['mask']!.bytes()].every((byte) => byte === 0 || byte === 1)).toBe(true);
    const [other] = await collect(
      (await openData('random:4', { inputs, seed: 1, bindings: { s: 9 } })).batches({ batchSize: 4 }),
    );
    expect(other!.feeds['x']!.hash()).not.toBe(batch!.feeds['x']!.hash());
  });

  it('has the moments of the standard normal', () => {
    const values = new Float32Array(100_001);
    new RandomStream(1, 'x').normal(0, values);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    // Standard errors are 1/sqrt(n) and sqrt(2/n): five of each.
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(values.length));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it('refuses a maximum and sizes that are none', async () => {
    for (const options of [{ maximum: NaN }, { maximum: 0 }, { maximum: 1.5 }, { openSize: -1 }, { openSize: 0.5 }]) {
      await expect(openData('random:1', options)).rejects.toMatchObject({ code: 'ERR_OPTION' });
    }
    await expect(openData('random:1', { bindings: { n: -1 } })).rejects.toMatchObject({ code: 'ERR_OPTION' });
  });

  it('feeds a fixed batch whole, and scalars as they are', async () => {
    const fixed = [
      { name: 'x', dtype: 'uint8', shape: [4, 2] },
      { name: 'rate', dtype: 'int64', shape: [] },
    ] as const;
    const batches = await collect((await openData('random:6', { inputs: fixed })).batches({ batchSize: 1 }));
    expect(batches.map(({ count, feeds }) => [count, feeds['x']!.dims, feeds['rate']!.dims])).toEqual([
      [4, [4, 2], []],
      [2, [4, 2], []],
    ]);
  });

  it('writes the same values again into the same memory where feeds are transient', async () => {
    const ports = inputs.slice(0, 1);
    const data = await openData('random:3', { inputs: ports });
    const kept = (await collect(data.batches())).map(({ feeds }) => feeds['x']!.toFloat32());
    const memory = new Set<ArrayBufferLike>();
    let i = 0;
    for await (const { feeds } of data.batches({ transient: true })) {
      expect(feeds['x']!.toFloat32()).toEqual(kept[i++]);
      memory.add(feeds['x']!.bytes().buffer);
    }
    expect(memory.size).toBe(1);
  });

  it('keeps fixed first axes that are no batch, and draws nothing for optional inputs', async () => {
    const ports = [
      { name: 'x', dtype: 'float32', shape: ['n', 2] },
      { name: 'anchors', dtype: 'float32', shape: [9, 4] },
      { name: 'state', dtype: 'float32', shape: [2, 'n'], optional: true },
    ] as const;
    const [batch] = await collect((await openData('random:3', { inputs: ports })).batches({ batchSize: 3 }));
    expect(Object.values(batch!.feeds).map(({ dims }) => dims)).toEqual([
      [3, 2],
      [9, 4],
    ]);
  });

  it('refuses unknown types, ranks and text', async () => {
    const bad: PortSpec[] = [
      { name: 'x', dtype: undefined, shape: ['n'] },
      { name: 'x', dtype: 'float32', shape: undefined },
      { name: 'x', dtype: 'string', shape: ['n'] },
    ];
    for (const port of bad) {
      const data = await openData('random:1', { inputs: [port] });
      await expect(collect(data.batches())).rejects.toMatchObject({ code: 'ERR_DATA_INPUTS' });
    }
    await expect(collect((await openData('random:1')).batches())).rejects.toMatchObject({ code: 'ERR_DATA_INPUTS' });
  });
});
