import { strict as assert } from 'node:assert';
import * as kernels from '../index.js';

const { CudaMatMulI8, CudaMatMulNBits, ProgramBuilder } = kernels;

/** Numbers in [0, 2^32) that depend on the seed only. */
function random(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state ^ (state >>> 15);
  };
}

export function int8(length: number, seed: number): Int8Array {
  const next = random(seed);
  return Int8Array.from({ length }, () => next());
}

export function uint8(length: number, seed: number): Uint8Array {
  const next = random(seed);
  return Uint8Array.from({ length }, () => next());
}

/** Multiples of 1/8 within 250, and what is special. */
export function floats(length: number, seed: number): Float32Array {
  const next = random(seed);
  const x = Float32Array.from({ length }, () => (((next() >>> 4) % 4001) - 2000) / 8);
  x.set([NaN, Infinity, -Infinity, -0, 3e38, 1e-42].slice(0, length));
  return x;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

/** x [m, k] times w [n, k], by the CPU's kernel. */
async function onCpu(x: Uint8Array, w: Int8Array, m: number, n: number, k: number): Promise<Int32Array> {
  const transposed = kernels.transpose2d(w, n, k);
  const builder = new ProgramBuilder();
  const input = builder.input('uint8');
  const constant = builder.constant('int8', [k, n], bytesOf(transposed));
  const program = builder.finish(builder.operator('MatMulInteger', [input, constant], ['int32']));
  const [y] = await program.run([{ dtype: 'uint8', dims: [m, k], bytes: x }]);
  program.dispose();
  return new Int32Array(y!.bytes.slice().buffer);
}

/** The same by 4-bit weights. */
async function nbitsOnCpu(
  x: Float32Array,
  { codes, scales, zeroPoints, kBlocks }: kernels.MatMulNBits,
  [m, n, k, blockSize]: readonly [number, number, number, number],
): Promise<Float32Array> {
  const builder = new ProgramBuilder();
  const inputs = [
    builder.input('float32'),
    builder.constant('uint8', [n, kBlocks, blockSize / 2], codes),
    builder.constant('float32', [n, kBlocks], bytesOf(scales)),
  ];
  if (zeroPoints) inputs.push(builder.constant('uint8', [n, Math.ceil(kBlocks / 2)], zeroPoints));
  const attributes = { N: n, K: k, bits: 4, block_size: blockSize };
  const program = builder.finish(builder.operator('MatMulNBits', inputs, ['float32'], attributes));
  const [y] = await program.run([{ dtype: 'float32', dims: [m, k], bytes: bytesOf(x) }]);
  program.dispose();
  return new Float32Array(y!.bytes.slice().buffer);
}

const SIZES = [
  [1, 1, 1],
  [3, 5, 7],
  [33, 70, 130],
] as const;

/** Zeros where keep says no. */
function masked(n: number, k: number, seed: number, keep: (row: number, column: number) => boolean): Int8Array {
  return int8(n * k, seed).map((value, i) => (keep(Math.floor(i / k), i % k) ? value : 0));
}

async function expectEqual(w: Int8Array, size: readonly [number, number, number], format: kernels.CudaI8Format) {
  const [m, n, k] = size;
  const x = uint8(m * k, 7);
  const product = await CudaMatMulI8.create(w, { n, k, format });
  assert.deepEqual(await product.run(x), await onCpu(x, w, m, n, k), `${format} ${size.join('x')}`);
  product.dispose();
}

const view = { outer: 3, axis: 4, inner: 50 };
const scales = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => [0.1, 3, 1e-20, -0.25][i % 4]!);
const zeroPoint = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => ((i * 37) % 256) - 128);
const params = (count: number) => ({ dtype: 'int8', scale: scales(count), zeroPoint: zeroPoint(count) }) as const;

/** Each compares the GPU's kernels with the CPU's. */
export const results: Readonly<Record<string, () => Promise<void>>> = {
  'int8 products are those of the CPU': async () => {
    for (const size of SIZES) await expectEqual(int8(size[1] * size[2], 5), size, 'dense');
  },
  'sparse int8 products are those of the CPU': async () => {
    for (const size of SIZES) {
      await expectEqual(
        masked(size[1], size[2], 6, (n, i) => (n * 7 + i * 13) % 5 === 0),
        size,
        'sparse',
      );
    }
  },
  '2:4 int8 products are those of the CPU': async () => {
    for (const size of SIZES) {
      const keep = (n: number, i: number): boolean => i % 4 === n % 4 || i % 4 === (n * 3 + (i >> 3)) % 4;
      await expectEqual(masked(size[1], size[2], 8, keep), size, 'two-four');
    }
  },
  '4-bit products are those of the CPU, to the bit where sums are exact': async () => {
    for (const mapping of ['symmetric', 'asymmetric'] as const) {
      const [m, n, k, blockSize] = [5, 9, 150, 32];
      const w = Float32Array.from(int8(n * k, 9), (value) => value / 64);
      const options = { n, k, layout: 'nk', bits: 4, blockSize, mapping } as const;
      const quantized = kernels.quantizeMatMulNBits(w, options);
      // Powers of two and small whole numbers: no sum is rounded, so their order does not matter.
      quantized.scales.forEach((_, i) => (quantized.scales[i] = 2 ** -((i % 3) + 2)));
      const product = await CudaMatMulNBits.create(quantized, options);
      const x = Float32Array.from(int8(m * k, 10));
      assert.deepEqual(await product.run(x), await nbitsOnCpu(x, quantized, [m, n, k, blockSize]), mapping);
      product.dispose();
    }
  },
  'quantizing is that of the CPU': async () => {
    const x = floats(600, 11);
    const whole = { dtype: 'uint8', scale: 0.37, zeroPoint: 77, quantMin: 3, quantMax: 250 } as const;
    const { quantizeAffineCuda, quantizeAffineAxisCuda, quantizeAffineBlocksCuda } = kernels;
    assert.deepEqual(await quantizeAffineCuda(x, whole), kernels.quantizeAffine(x, whole));
    assert.deepEqual(await quantizeAffineAxisCuda(x, view, params(4)), kernels.quantizeAffineAxis(x, view, params(4)));
    const blocks = await quantizeAffineBlocksCuda(x, view, 3, params(300));
    assert.deepEqual(blocks, kernels.quantizeAffineBlocks(x, view, 3, params(300)));
    assert.deepEqual(await quantizeAffineCuda(new Float32Array(0), whole), new Uint8Array(0));
  },
  'dequantizing is that of the CPU': async () => {
    const codes = int8(600, 12);
    const whole = { dtype: 'int8', scale: 0.37, zeroPoint: -5 } as const;
    const { dequantizeAffineCuda, dequantizeAffineAxisCuda, dequantizeAffineBlocksCuda } = kernels;
    assert.deepEqual(await dequantizeAffineCuda(codes, whole), kernels.dequantizeAffine(codes, whole));
    const axis = await dequantizeAffineAxisCuda(codes, view, params(4));
    assert.deepEqual(axis, kernels.dequantizeAffineAxis(codes, view, params(4)));
    const blocks = await dequantizeAffineBlocksCuda(codes, view, 3, params(300));
    assert.deepEqual(blocks, kernels.dequantizeAffineBlocks(codes, view, 3, params(300)));
  },
  'histograms are those of the CPU': async () => {
    for (const bins of [128, 8192]) {
      const batches = [floats(2000, 13), floats(0, 14), floats(700, 15).map((value) => value / 1e6)];
      const gpu = new kernels.Histogram({ bins });
      const cpu = new kernels.Histogram({ bins });
      for (const x of batches) {
        await gpu.observeCuda(x);
        cpu.observe(x);
      }
      assert.deepEqual(gpu.toJSON(), cpu.toJSON());
    }
  },
};

type Calls = readonly (readonly [code: string, call: () => Promise<unknown>])[];
type Size = kernels.CudaWeightSize;

/** Calls that must be refused before the device is asked for anything. */
export function badCalls(size: Size, w: Int8Array, row: Uint8Array): Calls {
  const codes = new Uint8Array((size.n * size.k) / 2);
  const good = { codes, scales: new Float32Array(size.n), zeroPoints: null };
  const nbits = { ...size, blockSize: 32 };
  const whole = { dtype: 'int8', scale: 1 } as const;
  return [
    ['ERR_WRONG_TYPE', () => CudaMatMulI8.create(row as never, size)],
    ['ERR_WRONG_LENGTH', () => CudaMatMulI8.create(w.subarray(1), size)],
    ['ERR_BAD_OPTION', () => CudaMatMulI8.create(w, { ...size, n: 0 })],
    ['ERR_BAD_OPTION', () => CudaMatMulI8.create(w, { ...size, k: 1.5 })],
    ['ERR_BAD_OPTION', () => CudaMatMulI8.create(w, { ...size, format: 'csr' as never })],
    ['ERR_BAD_OPTION', () => CudaMatMulNBits.create(good, { ...nbits, blockSize: 48 })],
    ['ERR_WRONG_LENGTH', () => CudaMatMulNBits.create({ ...good, codes: codes.subarray(1) }, nbits)],
    ['ERR_WRONG_LENGTH', () => CudaMatMulNBits.create({ ...good, scales: new Float32Array(1) }, nbits)],
    ['ERR_WRONG_LENGTH', () => CudaMatMulNBits.create({ ...good, zeroPoints: new Uint8Array(1) }, nbits)],
    ['ERR_WRONG_TYPE', () => CudaMatMulNBits.create({ ...good, codes: w as never }, nbits)],
    ['ERR_WRONG_TYPE', () => kernels.quantizeAffineCuda(row as never, whole)],
    ['ERR_BAD_SCALE', () => kernels.quantizeAffineCuda(new Float32Array(4), { dtype: 'int8', scale: 0 })],
    ['ERR_BAD_OPTION', () => kernels.quantizeAffineCuda(new Float32Array(4), { dtype: 'int4', scale: 1 })],
    ['ERR_BAD_OPTION', () => kernels.dequantizeAffineCuda(new Uint8Array(4), { dtype: 'uint4', scale: 1 })],
    ['ERR_WRONG_LENGTH', () => kernels.quantizeAffineAxisCuda(new Float32Array(4), view, params(4))],
    ['ERR_WRONG_TYPE', () => new kernels.Histogram().observeCuda(row as never)],
  ];
}

/** One of each, all arguments right. */
export function goodCalls(size: Size, w: Int8Array): (() => Promise<unknown>)[] {
  const quantized = { codes: new Uint8Array(16), scales: new Float32Array(1), zeroPoints: null };
  return [
    ...(['dense', 'sparse', 'two-four'] as const).map((format) => () => CudaMatMulI8.create(w, { ...size, format })),
    () => CudaMatMulNBits.create(quantized, { n: 1, k: 32, blockSize: 32 }),
    () => kernels.quantizeAffineCuda(new Float32Array(4), { dtype: 'int8', scale: 1 }),
    () => kernels.dequantizeAffineCuda(new Int8Array(4), { dtype: 'int8', scale: 1 }),
    () => new kernels.Histogram().observeCuda(new Float32Array(4)),
  ];
}
