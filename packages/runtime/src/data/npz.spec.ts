import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import type { Batch } from './data-source.js';
import { openData } from './open-data.js';
import { npyBytes } from './testing/npy-bytes.js';

const folder = mkdtempSync(join(tmpdir(), 'gossamer-npz-'));
afterAll(() => rmSync(folder, { recursive: true }));

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

async function npz(name: string, entries: Record<string, Buffer>, compress = true): Promise<string> {
  const zip = new ZipFile();
  for (const [entry, bytes] of Object.entries(entries)) zip.addBuffer(bytes, `${entry}.npy`, { compress });
  zip.end();
  const path = join(folder, name);
  writeFileSync(path, await buffer(zip.outputStream));
  return path;
}

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const found: Batch[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

const values = Float32Array.from({ length: 5 * 6 }, (_, i) => i - 7.5);

describe('npz', () => {
  it.each([true, false])(
    'gives batches named like the inputs, the last one partial (compressed: %s)',
    async (compress) => {
      const labels = BigInt64Array.from([3n, 1n, 4n, 1n, 5n]);
      const path = await npz(
        `a-${compress}.npz`,
        { x: npyBytes('<f4', [5, 2, 3], bytesOf(values)), labels: npyBytes('<i8', [5], bytesOf(labels)) },
        compress,
      );
      const data = await openData(`npz:${path}`);
      expect(data).toMatchObject({ length: 5, hasLabels: true, hasTargets: false, latencyOnly: false });
      const inputs = [{ name: 'x', dtype: 'float32', shape: ['n', 2, 3] }] as const;
      const batches = await collect(data.batches({ inputs, batchSize: 2 }));
      expect(batches.map(({ count }) => count)).toEqual([2, 2, 1]);
      expect(batches.map(({ feeds }) => feeds['x']!.dims)).toEqual([
        [2, 2, 3],
        [2, 2, 3],
        [1, 2, 3],
      ]);
      expect(batches.flatMap(({ feeds }) => [...feeds['x']!.toFloat32()])).toEqual([...values]);
      expect(batches.flatMap((batch) => batch.labels!.toIntegers())).toEqual([3, 1, 4, 1, 5]);
    },
  );

  it('swaps big-endian elements, casts to the type of the input, reads text', async () => {
    const big = Buffer.alloc(16);
    [1.5, -2].forEach((value, i) => big.writeDoubleBE(value, 8 * i));
    const text = Buffer.alloc(24);
    [...'ab'].forEach((letter, i) => text.writeUInt32LE(letter.charCodeAt(0), 4 * i));
    text.writeUInt32LE(0x1f600, 12);
    const path = await npz('b.npz', { x: npyBytes('>f8', [2, 1], big), targets: npyBytes('<U3', [2], text) });
    const data = await openData(`npz:${path}`, { inputs: [{ name: 'x', dtype: 'float32', shape: [undefined, 1] }] });
    const [batch] = await collect(data.batches({ batchSize: 2 }));
    expect(batch!.feeds['x']!.dtype).toBe('float32');
    expect([...batch!.feeds['x']!.toFloat32()]).toEqual([1.5, -2]);
    expect(batch!.targets!.strings().map((item) => new TextDecoder().decode(item))).toEqual(['ab', '\u{1f600}']);
  });

  it('fills the last batch of a model with a fixed batch and says how many samples count', async () => {
    const path = await npz('c.npz', { x: npyBytes('<f4', [5, 6], bytesOf(values)) });
    const data = await openData(`npz:${path}`);
    const inputs = [{ name: 'x', dtype: 'float32', shape: [4, 6] }] as const;
    const batches = await collect(data.batches({ inputs, batchSize: 1 }));
    expect(batches.map(({ count, feeds }) => [count, feeds['x']!.dims])).toEqual([
      [4, [4, 6]],
      [1, [4, 6]],
    ]);
    const last = [...batches[1]!.feeds['x']!.toFloat32()];
    expect(last).toEqual([...values.slice(24), ...values.slice(24), ...values.slice(24), ...values.slice(24)]);
  });

  it('feeds samples one by one where the model has no axis for them', async () => {
    const path = await npz('d.npz', {
      x: npyBytes('<f4', [5, 6], bytesOf(values)),
      rate: npyBytes('<i4', [], bytesOf(Int32Array.of(16))),
    });
    const data = await openData(`npz:${path}`);
    const inputs = [
      { name: 'x', dtype: 'float32', shape: [6] },
      { name: 'rate', dtype: 'int64', shape: [] },
    ] as const;
    const batches = await collect(data.batches({ inputs, batchSize: 3 }));
    expect(batches).toHaveLength(5);
    expect(batches[4]!.feeds['x']!.dims).toEqual([6]);
    expect(batches[4]!.feeds['rate']!.toIntegers()).toEqual([16]);
  });

  it('cuts sequences into steps', async () => {
    const path = await npz('e.npz', { x: npyBytes('<f4', [2, 5, 3], bytesOf(values)) });
    const data = await openData(`npz:${path}`, { sequence: true });
    const inputs = [{ name: 'x', dtype: 'float32', shape: ['n', 3] }] as const;
    const [batch] = await collect(data.batches({ inputs, batchSize: 2 }));
    expect(batch!.steps).toHaveLength(5);
    expect([...batch!.steps![1]!['x']!.toFloat32()]).toEqual([...values.slice(3, 6), ...values.slice(18, 21)]);
    const single = await collect(data.batches({ inputs, batchSize: 1 }));
    expect([...single[1]!.steps![4]!['x']!.toFloat32()]).toEqual([...values.slice(27, 30)]);
  });

  it('honours limits and starts over with each pass', async () => {
    const path = await npz('f.npz', { x: npyBytes('<f4', [5, 6], bytesOf(values)) });
    const data = await openData(`npz:${path}`, { limit: 3 });
    expect(data.length).toBe(3);
    expect(await collect(data.batches({ batchSize: 2 }))).toHaveLength(2);
    expect(await collect(data.batches({ batchSize: 2, limit: 1 }))).toHaveLength(1);
    expect(await data.digest()).not.toBe(await (await openData(`npz:${path}`)).digest());
    expect(await data.digest()).toBe(await (await openData(`npz:${path}`, { limit: 3 })).digest());
  });

  it('reuses memory where feeds are transient', async () => {
    const path = await npz('t.npz', { x: npyBytes('<f4', [5, 6], bytesOf(values)) });
    const memory = new Set<ArrayBufferLike>();
    const seen: number[] = [];
    for await (const { feeds } of (await openData(`npz:${path}`)).batches({ transient: true })) {
      memory.add(feeds['x']!.bytes().buffer);
      seen.push(...feeds['x']!.toFloat32());
    }
    expect([seen, memory.size]).toEqual([[...values], 1]);
  });

  it('stops when the signal aborts', async () => {
    const path = await npz('g.npz', { x: npyBytes('<f4', [5, 6], bytesOf(values)) });
    const data = await openData(`npz:${path}`);
    const controller = new AbortController();
    const run = (async () => {
      for await (const batch of data.batches({ signal: controller.signal }))
        controller.abort(new Error(`${batch.count}`));
    })();
    await expect(run).rejects.toThrow('1');
  });

  it.each([
    ['a missing array', { y: npyBytes('<f4', [5, 6], bytesOf(values)) }, 'ERR_DATA_INPUTS'],
    ['a wrong fixed size', { x: npyBytes('<f4', [6, 5], bytesOf(values)) }, 'ERR_DATA_INPUTS'],
    ['a wrong rank', { x: npyBytes('<f4', [5, 1, 1, 6], bytesOf(values)) }, 'ERR_DATA_INPUTS'],
    ['floats for integers', { x: npyBytes('<f4', [5, 6], bytesOf(values)) }, 'ERR_DATA_INPUTS', 'int64'],
  ])('refuses %s', async (name, entries, code, dtype = 'float32') => {
    const path = await npz(`${name}.npz`, entries as Record<string, Buffer>);
    const data = await openData(`npz:${path}`);
    const inputs = [{ name: 'x', dtype: dtype as 'float32', shape: ['n', 6] }] as const;
    await expect(collect(data.batches({ inputs }))).rejects.toMatchObject({ code });
  });

  it('refuses arrays that disagree in length', async () => {
    const path = await npz('h.npz', {
      x: npyBytes('<f4', [5, 6], bytesOf(values)),
      labels: npyBytes('<i4', [2], bytesOf(Int32Array.of(1, 2))),
    });
    await expect(openData(`npz:${path}`)).rejects.toMatchObject({ code: 'ERR_DATA_INPUTS' });
  });

  it('refuses a header that promises more than the entry holds, and pickled objects', async () => {
    const lie = await npz('i.npz', { x: npyBytes('<f4', [500, 6], bytesOf(values)) });
    await expect(openData(`npz:${lie}`)).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
    const pickle = await npz('j.npz', { x: npyBytes('|O', [5], bytesOf(values)) });
    await expect(openData(`npz:${pickle}`)).rejects.toMatchObject({ code: 'ERR_PICKLE' });
  });

  it('refuses what is no archive, and every cut of one, without hanging', async () => {
    const path = await npz('k.npz', { x: npyBytes('<f4', [5, 6], bytesOf(values)) });
    const whole = (await import('node:fs')).readFileSync(path);
    const cut = join(folder, 'cut.npz');
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(cut, whole.subarray(0, length));
      await expect(openData(`npz:${cut}`)).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
    }
    await expect(openData(`npz:${join(folder, 'missing.npz')}`)).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
  });

  it('survives any single flipped byte: the samples, or a typed error', async () => {
    const path = await npz('l.npz', { x: npyBytes('<f4', [5, 6], bytesOf(values)) });
    const whole = (await import('node:fs')).readFileSync(path);
    const flipped = join(folder, 'flipped.npz');
    for (let at = 0; at < whole.length; at++) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 0x41;
      writeFileSync(flipped, bytes);
      const read = async () => collect((await openData(`npz:${flipped}`)).batches());
      await read().catch((error: unknown) => expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_/) }));
    }
  });

  it('inflates a bomb only as far as it is asked to', async () => {
    const zeros = Buffer.alloc(64 << 20);
    const path = await npz('bomb.npz', { x: npyBytes('|u1', [64, 1 << 20], zeros) });
    const before = process.memoryUsage().arrayBuffers;
    let seen = 0;
    for await (const batch of (await openData(`npz:${path}`)).batches({ limit: 4 }))
      seen += batch.feeds['x']!.byteLength;
    expect(seen).toBe(4 << 20);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 << 20);
  });
});
