import { load } from '@gossamer/native';
import { allocateAligned, tuneAllocator } from './aligned-memory.js';
import { ProgramBuilder, type ProgramTensor } from './program.js';

const code = (value: string) => expect.objectContaining({ code: value }) as Error;

describe('allocateAligned', () => {
  test('gives zeros at a multiple of 64 bytes, with 256 bytes behind them', () => {
    for (const length of [0, 1, 100, 1_000_001]) {
      for (const array of [allocateAligned(Float32Array, length), allocateAligned(Uint8Array, length)]) {
        const buffer = array.buffer as ArrayBuffer;
        expect(array).toHaveLength(length);
        expect(array.every((value: number) => value === 0)).toBe(true);
        expect(array.byteOffset).toBe(load().alignedOffset(buffer));
        expect(array.byteOffset).toBeLessThan(64);
        expect(buffer.byteLength - array.byteOffset - array.byteLength).toBeGreaterThanOrEqual(256);
      }
    }
  });

  test('refuses lengths that are none', () => {
    for (const length of [-1, 0.5, NaN, Infinity]) {
      expect(() => allocateAligned(Float32Array, length)).toThrow(code('ERR_BAD_OPTION'));
    }
    expect(() => load().alignedOffset(new SharedArrayBuffer(8) as unknown as ArrayBuffer)).toThrow(
      code('ERR_WRONG_TYPE'),
    );
    expect(() => load().alignedOffset(new Uint8Array(8) as unknown as ArrayBuffer)).toThrow(code('ERR_WRONG_TYPE'));
  });
});

describe('programs on memory of the caller', () => {
  /** y = |-x| and z = -x, of any size. */
  function program() {
    const builder = new ProgramBuilder();
    const x = builder.input('float32');
    const [z] = builder.operator('Neg', [x], ['float32']);
    const [y] = builder.operator('Abs', [z!], ['float32']);
    return builder.finish([y!, z!]);
  }
  const bytesOf = (array: Float32Array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const feed = (array: Float32Array): ProgramTensor => ({
    dtype: 'float32',
    dims: [array.length],
    bytes: bytesOf(array),
  });

  test('what is fed from aligned memory, or a part of it, stays as it is', async () => {
    const built = program();
    const flat = allocateAligned(Float32Array, 4096 + 16);
    flat.forEach((_, i) => (flat[i] = i - 50));
    const before = flat.slice();
    for (const array of [flat, flat.subarray(16), flat.subarray(16, 64), flat.subarray(4096), flat.subarray(1)]) {
      for (let run = 0; run < 3; run++) {
        const [y, z] = await built.run([feed(array)]);
        expect(new Float32Array(y!.bytes.buffer)).toEqual(array.map(Math.abs));
        expect(new Float32Array(z!.bytes.buffer)).toEqual(array.map((v) => -v));
      }
    }
    expect(flat).toEqual(before);
  });

  test('outputs go where they are to, and nothing beside them is written', async () => {
    const built = program();
    const x = allocateAligned(Float32Array, 100).map((_, i) => i - 50);
    for (const begin of [0, 16, 3]) {
      const flat = allocateAligned(Float32Array, 300).fill(7);
      const into = bytesOf(flat.subarray(begin, begin + 100));
      const [y, z] = await built.run([feed(x)], { into: [into, undefined] });
      expect(y!.bytes).toBe(into);
      expect(flat.subarray(begin, begin + 100)).toEqual(x.map(Math.abs));
      const others = [...flat.subarray(0, begin), ...flat.subarray(begin + 100)];
      expect(others.every((value) => value === 7)).toBe(true);
      expect(z!.dims).toEqual([100]);
    }
  });

  test('arrays of other sizes, overlaps and shared memory are refused', async () => {
    const built = program();
    const x = allocateAligned(Float32Array, 100);
    const run = (...into: Uint8Array[]) => built.run([feed(x)], { into });
    const [a, b] = [new Uint8Array(400), new Uint8Array(400)];
    await expect(run(new Uint8Array(396), b)).rejects.toMatchObject({ code: 'ERR_ENGINE_FEEDS' });
    await expect(run(allocateAligned(Uint8Array, 404), b)).rejects.toMatchObject({ code: 'ERR_ENGINE_FEEDS' });
    await expect(run(a, a)).rejects.toMatchObject({ code: 'ERR_OVERLAP' });
    await expect(run(bytesOf(x), b)).rejects.toMatchObject({ code: 'ERR_OVERLAP' });
    await expect(run(new Uint8Array(new SharedArrayBuffer(400)), b)).rejects.toMatchObject({
      code: 'ERR_SHARED_BUFFER',
    });
    structuredClone(a.buffer, { transfer: [a.buffer] });
    await expect(run(a, b)).rejects.toMatchObject({ code: 'ERR_DETACHED_BUFFER' });
    expect((await run(new Uint8Array(400), b))[1]!.bytes).toBe(b);
  });
});

test('memory that is transferred while a run lasts is reported when the run ends', async () => {
  const builder = new ProgramBuilder();
  const program = builder.finish(builder.operator('Neg', [builder.input('float32')], ['float32']));
  for (const isInput of [true, false]) {
    const [x, y] = [allocateAligned(Uint8Array, 4 << 20), allocateAligned(Uint8Array, 4 << 20)];
    const run = program.run([{ dtype: 'float32', dims: [1 << 20], bytes: x }], { into: [y] });
    const { buffer } = isInput ? x : y;
    const moved = structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    await expect(run).rejects.toMatchObject({ code: 'ERR_DETACHED_BUFFER' });
    expect(moved.byteLength).toBeGreaterThan(4 << 20);
  }
});

test('tuneAllocator says whether there is anything to tune', () => {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  expect(tuneAllocator()).toBe(header.glibcVersionRuntime !== undefined);
});
