import { isDeepStrictEqual } from 'node:util';
import { GossamerError, isGossamerError } from '@gossamer/graph';
import { load } from '@gossamer/native';
import * as kernels from '../index.js';

/** What the test's own addon does: see native/testing/failing_malloc.cc. */
interface FailingMalloc {
  arm(at: number): boolean;
  disarm(): number;
}

/** What one call came to, every allocation of it having failed in turn. */
export interface AllocationResult {
  readonly name: string;
  /** How many calls of malloc and pthread_create failed. */
  readonly failed: number;
  /** How many of those were made up for: the result was right. */
  readonly survived: number;
  /** Codes of the others. */
  readonly codes: readonly string[];
  /** What must not be: a plain error, or another result. */
  readonly wrong: readonly string[];
}

const x = Float32Array.from({ length: 200 * 96 }, (_, i) => Math.sin(i) * (1 + (i % 7)));
const halves = kernels.f32ToF16(x);
const view = { outer: 2, axis: 96, inner: 100 };
const block = { n: 200, k: 96, layout: 'kn', bits: 4, blockSize: 32, mapping: 'symmetric' } as const;
const bytes = Uint8Array.from({ length: 1001 }, (_, i) => i % 4);
const int8 = { dtype: 'int8', scale: 0.05 } as const;
const perAxis = {
  dtype: 'uint8',
  scale: new Float32Array(96).fill(0.1),
  zeroPoint: new Int32Array(96).fill(9),
} as const;
const codes = kernels.quantizeAffine(x, int8);

/** The code that `run` throws, as a result; running out of memory passes. */
function refusal(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ERR_OUT_OF_MEMORY') throw new GossamerError(code, 'expected a refusal', { cause: error });
    return code;
  }
  return undefined;
}

/** One step over a fresh copy, which it changes in place: what fails may have changed nothing. */
function stepTensors(): kernels.OptimizerTensor[] {
  return [40_000, 3].map((length) => ({
    weight: new Float32Array(length).fill(0.5),
    gradient: new Float32Array(length).fill(-2),
    slots: [new Float32Array(length), new Float32Array(length)],
  }));
}
const untouched = stepTensors();
const coefficients: kernels.OptimizerCoefficients = {
  ...{ gradientFactor: 1, l2: 0, shrink: 1, step: 0.1, firstKeep: 0.9, firstTake: 0.1 },
  ...{ secondKeep: 0.99, secondTake: 0.01, rootFactor: 1, epsilon: 1e-8, threshold: 0 },
};

async function step(isAsync: boolean): Promise<unknown> {
  const tensors = stepTensors();
  try {
    if (isAsync) await kernels.optimizerStepAsync('adam', tensors, coefficients);
    else kernels.optimizerStep('adam', tensors, coefficients);
  } catch (error) {
    if (!isDeepStrictEqual(tensors, untouched)) throw new Error('half a step was made', { cause: error });
    throw error;
  }
  return tensors;
}

/** Every kernel, at once and on the pool. */
const CALLS: Readonly<Record<string, () => unknown>> = {
  quantizeAffine: () => kernels.quantizeAffine(x, int8),
  quantizeAffineAsync: () => kernels.quantizeAffineAsync(x, int8),
  quantizeAffineAxis: () => kernels.quantizeAffineAxis(x, view, perAxis),
  dequantizeAffine: () => kernels.dequantizeAffine(codes, int8),
  dequantizeAffineAsync: () => kernels.dequantizeAffineAsync(codes, int8),
  quantizeChannels: () => kernels.quantizeChannels(x, view),
  quantizeChannelsAsync: () => kernels.quantizeChannelsAsync(x, view),
  minMax: () => kernels.minMax(x),
  minMaxAxis: () => kernels.minMaxAxis(x, view),
  minMaxAxisAsync: () => kernels.minMaxAxisAsync(x, view),
  minMaxBlocks: () => kernels.minMaxBlocks(x, view, 16),
  histogram: () => new kernels.Histogram().observe(x).toJSON(),
  histogramAsync: async () => (await new kernels.Histogram().observeAsync(x)).toJSON(),
  errorStats: () => kernels.errorStats(x, x.subarray().map(Math.fround)),
  errorStatsAsync: () => kernels.errorStatsAsync(x, x.slice().reverse()),
  f32ToF16: () => kernels.f32ToF16(x),
  f16ToF32Async: () => kernels.f16ToF32Async(halves),
  optimizerStep: () => step(false),
  optimizerStepAsync: () => step(true),
  sumOfSquares: () => kernels.sumOfSquares([x, x]),
  packInt2: () => kernels.packInt2(bytes),
  unpackInt2: () => kernels.unpackInt2(kernels.packInt2(bytes), bytes.length, 'uint2'),
  predictInt8: () =>
    kernels.predictInt8(new Int8Array(64 * 192), { outputs: 64, channels: 192, taps: 1, outputsLast: false }),
  transpose2d: () => kernels.transpose2d(x, 200, 96),
  transpose2dAsync: () => kernels.transpose2dAsync(x, 200, 96),
  quantizeMatMulNBits: () => kernels.quantizeMatMulNBits(x, block),
  quantizeMatMulNBitsAsync: () => kernels.quantizeMatMulNBitsAsync(x, { ...block, layout: 'nk' }),
  quantizeBlocks: () => kernels.quantizeBlocks(x, { ...block, dtype: 'int8' }),
  'an argument that the addon refuses': () => refusal(() => load().transpose(x, 200, 97, x)),
};

/** Fails each allocation of `call` in turn, until there is none left to fail. */
async function failEach(
  name: string,
  call: () => unknown,
  malloc: FailingMalloc,
  isGrowing: boolean,
): Promise<AllocationResult> {
  const outcome = async (): Promise<unknown> => {
    try {
      return { result: await call() };
    } catch (error) {
      return isGossamerError(error) ? { code: error.code } : { plain: String(error) };
    }
  };
  const expected = await outcome();
  if (!Object.hasOwn(expected as object, 'result')) throw new Error(`${name}: ${JSON.stringify(expected)}`);
  const result = { name, failed: 0, survived: 0, codes: new Set<string>(), wrong: [] as string[] };
  for (let at = 1, asked = at; asked >= at; at++) {
    if (isGrowing) kernels.setThreads(1 + (at % 40)); // new threads to start at the next loop or task
    if (!malloc.arm(at)) throw new Error('the addon is not loaded');
    const found = await outcome();
    asked = malloc.disarm();
    if (asked < at) break;
    result.failed++;
    const { code } = found as { code?: string };
    if (isDeepStrictEqual(found, expected)) result.survived++;
    else if (code === undefined) result.wrong.push(`allocation ${at}: ${JSON.stringify(found).slice(0, 200)}`);
    else result.codes.add(code);
    const again = await outcome();
    if (!isDeepStrictEqual(again, expected)) result.wrong.push(`after allocation ${at}: another result`);
  }
  return { ...result, codes: [...result.codes].sort() };
}

async function main(): Promise<void> {
  const [malloc, pool] = process.argv.slice(2);
  const loaded = { exports: {} as FailingMalloc };
  process.dlopen(loaded, malloc!);
  for (const [name, call] of Object.entries(CALLS)) {
    process.stderr.write(`${name}\n`);
    process.stdout.write(`${JSON.stringify(await failEach(name, call, loaded.exports, pool === 'growing'))}\n`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
