import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Batch, OpenDataOptions } from './data-source.js';
import { openData } from './open-data.js';

const folder = mkdtempSync(join(tmpdir(), 'gossamer-images-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function picture(
  name: string,
  height: number,
  width: number,
  at: (y: number, x: number) => [number, number, number],
) {
  const raw = Buffer.alloc(height * width * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) raw.set(at(y, x), (y * width + x) * 3);
  mkdirSync(join(folder, name, '..'), { recursive: true });
  await sharp(raw, { raw: { height, width, channels: 3 } })
    .png()
    .toFile(join(folder, name));
}

async function collect(folderName: string, options: OpenDataOptions, batchSize = 8): Promise<Batch[]> {
  const data = await openData(`images:${join(folder, folderName)}`, options);
  const found: Batch[] = [];
  for await (const batch of data.batches({ batchSize })) found.push(batch);
  return found;
}

const nchw = [{ name: 'x', dtype: 'float32', shape: ['n', 3, 4, 4] }] as const;

beforeAll(async () => {
  await picture('set/10/a.png', 4, 4, () => [10, 20, 30]);
  await picture('set/2/b.png', 4, 4, (y, x) => [y * 60, x * 60, 255]);
  await picture('set/2/c.png', 8, 16, () => [255, 0, 51]);
  writeFileSync(join(folder, 'set/2/readme.txt'), 'not a picture');
});

describe('images', () => {
  it('labels by sub-folder in numeric order, resizes to the input, scales to 0..1, NCHW', async () => {
    const [batch] = await collect('set', { inputs: nchw });
    expect(batch!.labels!.toIntegers()).toEqual([0, 0, 1]);
    const x = batch!.feeds['x']!;
    expect(x.dims).toEqual([3, 3, 4, 4]);
    const values = x.toFloat32();
    const red = Array.from({ length: 16 }, (_, i) => Math.fround((Math.floor(i / 4) * 60) / 255));
    expect([...values.slice(0, 16)]).toEqual(red);
    expect([...values.slice(32, 48)]).toEqual(Array.from({ length: 16 }, () => 1));
    expect(values[48]).toBe(1);
    expect(values[2 * 48 + 32]).toBe(Math.fround(30 / 255));
  });

  it('normalises by channel, orders colours and lays out as told', async () => {
    const preprocess = { mean: [0.5, 0.25, 0], std: [0.5, 1, 2], colors: 'BGR', layout: 'NHWC' };
    const inputs = [{ name: 'x', dtype: 'float32', shape: [1, 4, 4, 3] }] as const;
    const batches = await collect('set/10', { inputs, preprocess });
    expect(batches[0]!.labels).toBeUndefined();
    const expected = [(30 / 255 - 0.5) / 0.5, 20 / 255 - 0.25, 10 / 255 / 2].map(Math.fround);
    expect([...batches[0]!.feeds['x']!.toFloat32().slice(0, 3)]).toEqual(expected);
  });

  it('resizes the shorter side and crops the centre', async () => {
    await picture('crop/a.png', 8, 24, (_, x) => (x >= 8 && x < 16 ? [255, 255, 255] : [0, 0, 0]));
    const preprocess = { resize: 8, crop: 8, interpolation: 'nearest' };
    const inputs = [{ name: 'x', dtype: 'uint8', shape: ['n', 3, 8, 8] }] as const;
    const [batch] = await collect('crop', { inputs, preprocess: { ...preprocess, scale: 1 } });
    expect(batch!.feeds['x']!.bytes().every((byte) => byte === 255)).toBe(true);
  });

  it('leaves the bytes of pictures as they are for an input of bytes', async () => {
    const inputs = [{ name: 'x', dtype: 'uint8', shape: ['n', 3, 8, 24] }] as const;
    const [batch] = await collect('crop', { inputs });
    const bytes = batch!.feeds['x']!.bytes();
    expect([bytes[0], bytes[8], bytes[15], bytes[16]]).toEqual([0, 255, 255, 0]);
  });

  it('makes grey pictures for one channel', async () => {
    const inputs = [{ name: 'x', dtype: 'float32', shape: ['n', 1, 4, 4] }] as const;
    const [batch] = await collect('crop', { inputs });
    expect(batch!.feeds['x']!.dims).toEqual([1, 1, 4, 4]);
  });

  it('reads preprocessing from a file, and its text counts in the digest', async () => {
    const path = join(folder, 'pre.json');
    writeFileSync(path, '{"scale": 1}');
    const [batch] = await collect('set/10', { inputs: nchw, preprocess: path });
    expect(batch!.feeds['x']!.toFloat32()[0]).toBe(10);
    const spec = `images:${join(folder, 'set')}`;
    const digests = await Promise.all([
      openData(spec).then((data) => data.digest()),
      openData(spec, { preprocess: path }).then((data) => data.digest()),
      openData(spec).then((data) => data.digest()),
    ]);
    expect(digests[0]).toBe(digests[2]);
    expect(digests[0]).not.toBe(digests[1]);
  });

  it.each([
    [{ colour: 'RGB' }],
    [{ resize: 0 }],
    [{ resize: [1, 2, 3] }],
    [{ mean: [1, 2] }],
    [{ std: [0] }],
    [{ interpolation: 'area' }],
    [{ layout: 'CHW' }],
    [[]],
    [{ __proto__: null, constructor: 1 }],
    ['missing.json'],
  ])('refuses preprocessing %j', async (preprocess) => {
    await expect(openData(`images:${join(folder, 'set')}`, { preprocess })).rejects.toMatchObject({
      code: 'ERR_PREPROCESS',
    });
  });

  it('refuses sizes that do not fit the input, broken pictures and empty folders', async () => {
    await expect(collect('set', { inputs: nchw, preprocess: { crop: 2 } })).rejects.toMatchObject({
      code: 'ERR_PREPROCESS',
    });
    mkdirSync(join(folder, 'broken'));
    await expect(openData(`images:${join(folder, 'broken')}`)).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
    writeFileSync(join(folder, 'broken/a.png'), 'not a picture');
    await expect(collect('broken', { inputs: nchw })).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
    await expect(openData(`images:${join(folder, 'nowhere')}`)).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
    const open = [{ name: 'x', dtype: 'float32', shape: ['n', 3, 'h', 'w'] }] as const;
    await expect(collect('set', { inputs: open })).rejects.toMatchObject({ code: 'ERR_DATA_INPUTS' });
  });
});
