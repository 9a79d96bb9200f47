import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Batch } from './data-source.js';
import { openData } from './open-data.js';
import { npyBytes } from './testing/npy-bytes.js';
import { zipArchive, type ZipEntry } from './testing/zip-archive.js';

const folder = mkdtempSync(join(tmpdir(), 'gossamer-zip-'));
afterAll(() => rmSync(folder, { recursive: true }));

const values = Float32Array.from({ length: 30 }, (_, i) => i - 7.5);
const x = { name: 'x.npy', data: npyBytes('<f4', [5, 6], new Uint8Array(values.buffer)) };
let archives = 0;

function write(entries: readonly ZipEntry[]): string {
  const path = join(folder, `${archives++}.npz`);
  writeFileSync(path, zipArchive(entries));
  return path;
}

async function read(path: string, options = {}): Promise<number[]> {
  const found: Batch[] = [];
  for await (const batch of (await openData(`npz:${path}`)).batches({ batchSize: 2, ...options })) found.push(batch);
  return found.flatMap(({ feeds }) => [...feeds['x']!.toFloat32()]);
}

const refused = { code: 'ERR_DATA_FILE' };

describe.each([{ deflate: false }, { deflate: true }])('archives with %o', (how) => {
  it.each([{}, { descriptor: true }, { zip64: true }])('are read whatever tells their sizes: %o', async (form) => {
    expect(await read(write([{ ...x, ...how, ...form }]))).toEqual([...values]);
  });

  it('are refused at the end of an array whose CRC-32 is wrong, and read up to there', async () => {
    const path = write([{ ...x, ...how, crc32: 0x12345678 }]);
    const message = expect.stringMatching(/expected CRC-32 12345678, received [0-9a-f]{8}$/) as string;
    await expect(read(path)).rejects.toMatchObject({ ...refused, message });
    expect(await read(path, { limit: 4 })).toEqual([...values.slice(0, 24)]);
  });

  it('are refused with a changed element', async () => {
    const bytes = zipArchive([{ ...x, ...how }]);
    const path = join(folder, 'changed.npz');
    bytes[30 + x.name.length + (how.deflate ? 90 : 100)]! ^= 1;
    writeFileSync(path, bytes);
    await expect(read(path)).rejects.toMatchObject(refused);
  });

  it('never give other values when a byte of theirs, or of what describes them, is flipped', async () => {
    const whole = zipArchive([{ ...x, ...how }]);
    const path = join(folder, 'flipped.npz');
    let refusals = 0;
    for (let at = 0; at < whole.length; at++) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 0x11;
      writeFileSync(path, bytes);
      try {
        // A flipped byte of the name leaves no array x; one of a time or a version changes nothing.
        expect(await read(path, { inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 6] }] })).toEqual([...values]);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_/) as string });
        refusals++;
      }
    }
    expect(refusals).toBeGreaterThan(x.data.length / 3);
  });

  it.each([
    ['more', { size: x.data.length + 24 }],
    ['fewer', { size: x.data.length - 24 }],
    ['more packed', { compressedSize: 1e6 }],
    ['over 4 GiB of', { zip64: true, size: 2 ** 40, compressedSize: 2 ** 40 }],
    ['over 8 EiB of', { zip64: true, size: 2 ** 63, compressedSize: 2 ** 63 }],
  ])('are refused when their directory promises %s bytes', async (_, lie) => {
    await expect(read(write([{ ...x, ...how, ...lie }]))).rejects.toMatchObject(refused);
  });

  it('are refused when two entries share bytes, or one points behind the file', async () => {
    const y = { ...x, ...how, name: 'y.npy' };
    await expect(
      read(
        write([
          { ...x, ...how },
          { ...y, offset: 0 },
        ]),
      ),
    ).rejects.toMatchObject(refused);
    await expect(
      read(
        write([
          { ...x, ...how },
          { ...y, offset: 1e6 },
        ]),
      ),
    ).rejects.toMatchObject(refused);
  });
});

/** Open files of this process; on systems that do not tell, none. */
const openFiles = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);

it('an archive that changed leaves no file open', async () => {
  const path = write([x]);
  const data = await openData(`npz:${path}`);
  const before = openFiles();
  const readAgain = async () => {
    for await (const batch of data.batches()) expect(batch.count).toBe(1);
  };
  for (const bytes of [zipArchive([x]).subarray(0, 150), zipArchive([{ ...x, data: new Uint8Array(200) }])]) {
    writeFileSync(path, bytes);
    for (let pass = 0; pass < 20; pass++) await expect(readAgain()).rejects.toMatchObject(refused);
  }
  // Files are closed in the background.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(openFiles()).toBeLessThan(before + 5);
});

it('a batch beyond what an array can hold is refused before memory is asked for', async () => {
  const data = npyBytes('|u1', [8, 2 ** 30], new Uint8Array(8));
  const path = write([{ name: 'x.npy', data, deflate: true, zip64: true, size: data.length - 8 + 8 * 2 ** 30 }]);
  await expect(read(path, { batchSize: 8 })).rejects.toMatchObject({ code: 'ERR_DATA_LIMIT' });
});

describe('texts', () => {
  it('are refused where a sample holds so many that memory would not do', async () => {
    for (const [type, shape] of [
      ['<U0', [1, 4294967295]],
      ['|S1', [1, 2 ** 26]],
    ] as const) {
      const size = type === '<U0' ? 0 : 2 ** 26;
      const path = write([{ name: 'x.npy', data: npyBytes(type, shape, new Uint8Array(size)), deflate: true }]);
      await expect(openData(`npz:${path}`)).rejects.toMatchObject({ code: 'ERR_DATA_LIMIT' });
    }
  });

  it('keep zeros between letters, and lose those at the end, as in numpy', async () => {
    const text = Buffer.alloc(16);
    [0x61, 0, 0x62, 0].forEach((code, i) => text.writeUInt32LE(code, 4 * i));
    const path = write([{ name: 'x.npy', data: npyBytes('<U4', [1], text) }]);
    for await (const { feeds } of (await openData(`npz:${path}`)).batches()) {
      expect(feeds['x']!.strings().map((item) => new TextDecoder().decode(item))).toEqual(['a\0b']);
    }
  });
});
