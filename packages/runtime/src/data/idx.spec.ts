import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { PortDim } from '../session/port-spec.js';
import type { Batch } from './data-source.js';
import { openData } from './open-data.js';

const folder = mkdtempSync(join(tmpdir(), 'gossamer-idx-'));
afterAll(() => rmSync(folder, { recursive: true }));

function idx(name: string, dims: readonly number[], bytes: ArrayLike<number>, gzip = false, type = 8): string {
  const head = Buffer.alloc(4 + 4 * dims.length);
  head[2] = type;
  head[3] = dims.length;
  dims.forEach((dim, axis) => head.writeUInt32BE(dim, 4 + 4 * axis));
  const whole = Buffer.concat([head, Buffer.from(bytes)]);
  const path = join(folder, name);
  writeFileSync(path, gzip ? gzipSync(whole) : whole);
  return path;
}

async function first(spec: string, shape: readonly PortDim[], batchSize = 3): Promise<Batch> {
  const data = await openData(spec, { inputs: [{ name: 'image', dtype: 'float32', shape }] });
  for await (const batch of data.batches({ batchSize })) return batch;
  throw new Error('no batch');
}

const pixels = Uint8Array.from({ length: 3 * 4 * 2 }, (_, i) => i * 11);

describe('idx', () => {
  it.each([false, true])('scales bytes to 0..1 and shapes them like the input (gzip: %s)', async (gzip) => {
    const images = idx(`images-${gzip}`, [3, 4, 2], pixels, gzip);
    const labels = idx(`labels-${gzip}`, [3], [7, 0, 9], gzip);
    const batch = await first(`idx:${images},${labels}`, ['n', 1, 4, 2]);
    expect(batch.feeds['image']!.dims).toEqual([3, 1, 4, 2]);
    expect([...batch.feeds['image']!.toFloat32()]).toEqual([...Float32Array.from(pixels, (byte) => byte / 255)]);
    expect(batch.labels!.dtype).toBe('int64');
    expect(batch.labels!.toIntegers()).toEqual([7, 0, 9]);
  });

  it.each([
    [
      [undefined, 8],
      [3, 8],
    ],
    [
      [undefined, undefined],
      [3, 8],
    ],
    [
      ['n', 1, 'h', 'w'],
      [3, 1, 4, 2],
    ],
    [
      ['n', 'h', 'w', 1],
      [3, 4, 2, 1],
    ],
    [
      ['n', 4, 'w'],
      [3, 4, 2],
    ],
  ] as const)('fits input %j', async (shape, dims) => {
    const images = idx('fit', [3, 4, 2], pixels);
    expect((await first(`idx:${images}`, shape)).feeds['image']!.dims).toEqual(dims);
  });

  it('fills up a fixed batch', async () => {
    const images = idx('fixed', [3, 4, 2], pixels);
    const batch = await first(`idx:${images}`, [5, 8], 1);
    expect([batch.count, batch.feeds['image']!.dims]).toEqual([3, [5, 8]]);
  });

  it('refuses a shape it cannot have, other types, wrong lengths, a second input', async () => {
    const images = idx('good', [3, 4, 2], pixels);
    await expect(first(`idx:${images}`, ['n', 1, 5, 2])).rejects.toMatchObject({ code: 'ERR_DATA_INPUTS' });
    await expect(openData(`idx:${idx('floats', [3, 4, 2], pixels, false, 13)}`)).rejects.toMatchObject({
      code: 'ERR_DATA_FILE',
    });
    await expect(openData(`idx:${idx('short', [4, 4, 2], pixels)}`)).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
    await expect(openData(`idx:${images},${idx('two', [2], [1, 2])}`)).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
    await expect(openData(`idx:${join(folder, 'missing')}`)).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
    await expect(openData(`idx:${folder}`)).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
    const port = { name: 'x', dtype: 'float32', shape: ['n', 8] } as const;
    const data = await openData(`idx:${images}`, { inputs: [port, { ...port, name: 'y' }] });
    expect(() => data.batches()).toThrow(expect.objectContaining({ code: 'ERR_DATA_INPUTS' }));
  });

  it('refuses a spec that is not one', async () => {
    for (const spec of ['', 'idx', 'idx:', 'nope:x', 'random:many', 'random:0', 'idx:a,b,c', 'constructor:x']) {
      await expect(openData(spec)).rejects.toMatchObject({ code: 'ERR_DATA_SPEC' });
    }
  });
});
