import { load } from '@gossamer/native';
import { minMax, minMaxAsync } from './min-max.js';
import { quantizeAffine, quantizeAffineAsync } from './quantize-affine.js';
import { quantizeMatMulNBitsAsync } from './quantize-matmul-nbits.js';

const int8 = { dtype: 'int8', scale: 1 } as const;

function codeOf(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

describe('buffers that could change under a kernel', () => {
  test('a detached input is refused', () => {
    const x = Float32Array.of(1, 2, 3);
    structuredClone(x.buffer, { transfer: [x.buffer] });
    expect(codeOf(() => minMax(x))).toBe('ERR_DETACHED_BUFFER');
  });

  test('a detached output is refused', () => {
    const out = new Int8Array(0);
    structuredClone(out.buffer, { transfer: [out.buffer] });
    expect(codeOf(() => quantizeAffine(new Float32Array(0), int8, out))).toBe('ERR_DETACHED_BUFFER');
  });

  test('a resizable buffer is refused, even where a property hides it', () => {
    const buffer = Reflect.construct(ArrayBuffer, [16, { maxByteLength: 64 }]);
    expect(codeOf(() => minMax(new Float32Array(buffer)))).toBe('ERR_RESIZABLE_BUFFER');
    Object.defineProperty(buffer, 'resizable', { value: false });
    expect(codeOf(() => minMax(new Float32Array(buffer)))).toBe('ERR_RESIZABLE_BUFFER');
    expect(codeOf(() => minMax(new Float32Array(buffer, 0, 2)))).toBe('ERR_RESIZABLE_BUFFER');
  });

  test('a growable shared buffer is refused', () => {
    const buffer = Reflect.construct(SharedArrayBuffer, [16, { maxByteLength: 64 }]);
    expect(codeOf(() => minMax(new Float32Array(buffer)))).toBe('ERR_RESIZABLE_BUFFER');
  });

  test('a shared buffer may be read but not written', () => {
    const x = new Float32Array(new SharedArrayBuffer(16));
    x.set([3, 1, 4, 1]);
    expect(minMax(x)).toMatchObject({ min: 1, max: 4 });
    expect(codeOf(() => quantizeAffine(x, int8, new Int8Array(new SharedArrayBuffer(4))))).toBe('ERR_SHARED_BUFFER');
  });

  test('an output that overlaps an input is refused', () => {
    const buffer = new ArrayBuffer(64);
    const x = new Float32Array(buffer, 0, 8);
    expect(codeOf(() => quantizeAffine(x, int8, new Int8Array(buffer, 31, 8)))).toBe('ERR_OVERLAP');
    expect(codeOf(() => quantizeAffine(x, int8, new Int8Array(buffer, 32, 8)))).toEqual(new Int8Array(8));
  });

  test('a byte offset is respected', () => {
    const bytes = new ArrayBuffer(4 * 10);
    new Float32Array(bytes).set([9, 9, 9, 1, 2, 3, 9, 9, 9, 9]);
    expect(minMax(new Float32Array(bytes, 12, 3))).toMatchObject({ min: 1, max: 3 });
  });
});

describe('arguments that are not what they seem', () => {
  const bad: [string, unknown][] = [
    ['undefined', undefined],
    ['null', null],
    ['a number', 1],
    ['an array', [1, 2]],
    ['a proxy', new Proxy(new Float32Array(3), {})],
    ['an impostor', Object.create(Float32Array.prototype)],
    ['a DataView', new DataView(new ArrayBuffer(8))],
    ['an ArrayBuffer', new ArrayBuffer(8)],
    ['a Float64Array', new Float64Array(3)],
    ['a Buffer', Buffer.alloc(12)],
  ];

  test.each(bad)('%s is no Float32Array, here and in the addon', (_, value) => {
    expect(codeOf(() => minMax(value as Float32Array))).toBe('ERR_WRONG_TYPE');
    const x = value as Float32Array;
    const out = new Float32Array(1);
    expect(codeOf(() => load().minMaxTensor(x, 0, 1, 1, 3, 1, out, new Float32Array(1), new Float64Array(2)))).toBe(
      'ERR_WRONG_TYPE',
    );
  });

  test('the addon itself refuses lengths, counts and codes that would reach outside of its arrays', () => {
    const addon = load();
    const x = new Float32Array(8);
    const f = (length: number): Float32Array => new Float32Array(length).fill(1);
    const i = (length: number): Int32Array => new Int32Array(length);
    const quantize = (count: number, scales: number, out: number, min = -128, max = 127): unknown =>
      codeOf(() =>
        addon.quantizeTensor(x, 0, 1, 1, count, 1, f(scales), i(scales), true, false, min, max, new Int8Array(out)),
      );
    expect(quantize(8, 1, 8)).toBeUndefined();
    expect(quantize(9, 1, 9)).toBe('ERR_WRONG_LENGTH');
    expect(quantize(8, 0, 8)).toBe('ERR_WRONG_LENGTH');
    expect(quantize(8, 1, 7)).toBe('ERR_WRONG_LENGTH');
    expect(quantize(-8, 1, 8)).toBe('ERR_WRONG_LENGTH');
    expect(quantize(NaN, 1, 8)).toBe('ERR_WRONG_LENGTH');
    expect(quantize(2 ** 53, 1, 8)).toBe('ERR_WRONG_LENGTH');
    expect(quantize(8, 1, 8, -129)).toBe('ERR_BAD_RANGE');
    expect(quantize(8, 1, 8, 5, 4)).toBe('ERR_BAD_RANGE');
    const huge = 2 ** 31;
    const axis = (outer: number, steps: number, inner: number, block: number): unknown =>
      codeOf(() =>
        addon.quantizeTensor(
          ...([x, 2, outer, steps, inner, block, f(1), i(1), true, false, -128, 127, new Int8Array(8)] as const),
        ),
      );
    expect(axis(huge, huge, huge, 1)).toBe('ERR_WRONG_LENGTH');
    expect(axis(2 ** 40, 2 ** 40, 0, 1)).toBe('ERR_WRONG_LENGTH');
    expect(axis(1, 8, 1, 0)).toBe('ERR_BAD_OPTION');
    expect(axis(1, 8, 1, 4)).toBe('ERR_WRONG_LENGTH');
    expect(codeOf(() => (addon.minMaxTensor as () => void)())).toBe('ERR_WRONG_TYPE');
    expect(codeOf(() => (addon.async.minMaxTensor as () => unknown)())).toBe('ERR_WRONG_TYPE');
    expect(codeOf(() => addon.setThreads(0))).toBe('ERR_BAD_RANGE');
    expect(codeOf(() => addon.setThreads(1e9))).toBe('ERR_BAD_RANGE');
    const flag = new Int32Array(1) as Int32Array;
    const counts = new Float64Array(2);
    expect(codeOf(() => addon.async.minMaxTensor(flag, x, 0, 1, 1, 8, 1, f(1), f(1), counts))).toBe('ERR_WRONG_TYPE');
  });
});

describe('async calls', () => {
  const large = { n: 2000, k: 2048, layout: 'kn', bits: 4, blockSize: 32, mapping: 'symmetric' } as const;
  const search = { ...large, clip: { steps: 64, min: 0.5 } };

  test('many at once give what the synchronous call gives', async () => {
    const arrays = Array.from({ length: 50 }, (_, k) => Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i * k)));
    const results = await Promise.all(arrays.map((x) => quantizeAffineAsync(x, { dtype: 'int8', scale: 0.01 })));
    expect(results).toEqual(arrays.map((x) => quantizeAffine(x, { dtype: 'int8', scale: 0.01 })));
  });

  test('the event loop runs while a kernel works', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await quantizeMatMulNBitsAsync(new Float32Array(large.n * large.k).fill(0.3), search);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  test('an aborted call rejects with the reason of its signal', async () => {
    const w = new Float32Array(large.n * large.k).fill(0.3);
    const reason = new Error('enough');
    await expect(quantizeMatMulNBitsAsync(w, { ...search, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const promise = quantizeMatMulNBitsAsync(w, { ...search, signal: controller.signal });
    // In the next turn of the event loop: the kernel has begun, and takes many.
    setImmediate(() => controller.abort(reason));
    await expect(promise).rejects.toBe(reason);
  });

  test('a set flag stops the addon before it writes', async () => {
    const abort = new Int32Array(new SharedArrayBuffer(4)).fill(1);
    const [x, min, max] = [new Float32Array(8), new Float32Array(1), new Float32Array(1)];
    const counts = new Float64Array(2).fill(5);
    const codes = new Int8Array(8).fill(9);
    const [scale, zeroPoint] = [Float32Array.of(1), Int32Array.of(0)];
    await expect(load().async.minMaxTensor(abort, x, 0, 1, 1, 8, 1, min, max, counts)).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    });
    await expect(
      load().async.quantizeTensor(abort, x, 0, 1, 1, 8, 1, scale, zeroPoint, true, false, -128, 127, codes),
    ).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(codes).toEqual(new Int8Array(8).fill(9));
  });

  test('an array transferred away under a call makes it reject', async () => {
    const x = new Float32Array(1 << 20).fill(1);
    const promise = minMaxAsync(x);
    const moved = structuredClone(x.buffer, { transfer: [x.buffer] });
    await expect(promise).rejects.toMatchObject({ code: 'ERR_DETACHED_BUFFER' });
    expect(moved.byteLength).toBe(1 << 22);
  });
});
