import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker } from 'node:worker_threads';
import { isGossamerError } from '@gossamer/graph';
import * as kernels from '../index.js';
import * as cases from './cuda-cases.js';

/**
 * One group of cases over the stand-in for the CUDA driver, which the environment names; prints the name of each case that
 * holds. The process must be one of its own: the driver is looked for once.
 */
export type CudaGroup = 'results' | 'life' | 'refusals' | 'memory' | 'faults' | 'none';

const { CudaMatMulI8, cudaInfo, cudaMemory } = kernels;
const fails = (code: string, text: RegExp = /./) => {
  return (error: unknown): boolean => {
    assert(isGossamerError(error), String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    return true;
  };
};

const small = { n: 16, k: 32 };
const weights = cases.int8(small.n * small.k, 1);
const row = cases.uint8(small.k, 2);

/** Until the finalizers and the calls in flight have given back all that they hold. */
async function untilFree(bytes: number): Promise<void> {
  for (let i = 0; i < 400 && cudaMemory().free !== bytes; i++) {
    globalThis.gc?.();
    await sleep(5);
  }
  assert.equal(cudaMemory().free, bytes);
}

/** A case whose name says what holds. */
type Cases = Readonly<Record<string, () => Promise<void> | void>>;

const life: Cases = {
  'dispose frees the memory of the device, any number of times': async () => {
    const { free } = cudaMemory();
    const product = await CudaMatMulI8.create(weights, small);
    assert(cudaMemory().free < free);
    product.dispose();
    assert.equal(cudaMemory().free, free);
    product.dispose();
    await assert.rejects(product.run(row), fails('ERR_CUDA_DISPOSED'));
  },
  'a product in flight ends before the memory goes': async () => {
    const { free } = cudaMemory();
    const product = await CudaMatMulI8.create(weights, small);
    const expected = await product.run(row);
    const running = Array.from({ length: 3 }, () => product.run(row));
    product.dispose();
    for (const y of await Promise.all(running)) assert.deepEqual(y, expected);
    await untilFree(free);
  },
  'weights that nobody holds are freed by the garbage collector': async () => {
    const { free } = cudaMemory();
    await (async () => {
      const product = await CudaMatMulI8.create(weights, small);
      await product.run(row);
      assert(cudaMemory().free < free);
    })();
    await untilFree(free);
  },
  'JavaScript goes on while the GPU works': async () => {
    const size = { n: 256, k: 512 };
    const product = await CudaMatMulI8.create(cases.int8(size.n * size.k, 3), size);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await product.run(cases.uint8(256 * size.k, 4));
    clearInterval(timer);
    product.dispose();
    assert(turns > 3, `${turns} turns`);
  },
  'a worker that is ended gives back what it held': async () => {
    const { free } = cudaMemory();
    const worker = new Worker(__filename, { argv: ['life'] });
    await new Promise((ran) => worker.once('message', ran));
    await worker.terminate();
    await untilFree(free);
  },
  'a signal stops a call': async () => {
    await assert.rejects(CudaMatMulI8.create(weights, { ...small, signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    const product = await CudaMatMulI8.create(weights, small);
    await assert.rejects(product.run(row, { signal: AbortSignal.abort() }), { name: 'AbortError' });
    const controller = new AbortController();
    const stopped = product.run(row, { signal: controller.signal });
    controller.abort();
    await assert.rejects(stopped, { name: 'AbortError' });
    product.dispose();
  },
};

const refusals: Cases = {
  'what does not fit never reaches the device': async () => {
    const { free } = cudaMemory();
    for (const [code, call] of cases.badCalls(small, weights, row)) await assert.rejects(call, fails(code));
    assert.equal(cudaMemory().free, free);
  },
  'arrays that do not fit an open product are refused': async () => {
    const product = await CudaMatMulI8.create(weights, small);
    await assert.rejects(product.run(new Uint8Array(33)), fails('ERR_WRONG_LENGTH', /rows of 32/));
    await assert.rejects(product.run(new Int8Array(32) as never), fails('ERR_WRONG_TYPE'));
    assert.deepEqual(await product.run(new Uint8Array(0)), new Int32Array(0));
    product.dispose();
  },
  'a pattern that is not 2:4 is refused': async () => {
    const dense = CudaMatMulI8.create(new Int8Array(8).fill(1), { n: 1, k: 8, format: 'two-four' });
    await assert.rejects(dense, fails('ERR_CUDA_PATTERN', /two of every four/));
  },
};

const memory: Cases = {
  'what the device cannot hold is refused, and the rest goes on': async () => {
    const { free, total } = cudaMemory();
    assert.equal(total, 8192);
    const text = /CUDA_ERROR_OUT_OF_MEMORY, out of memory/;
    await assert.rejects(
      CudaMatMulI8.create(new Int8Array(9000), { n: 9, k: 1000 }),
      fails('ERR_CUDA_OUT_OF_MEMORY', text),
    );
    const product = await CudaMatMulI8.create(weights, small);
    await assert.rejects(product.run(new Uint8Array(8192)), fails('ERR_CUDA_OUT_OF_MEMORY', text));
    assert.equal((await product.run(row)).length, small.n);
    const x = new Float32Array(4096);
    await assert.rejects(kernels.quantizeAffineCuda(x, { dtype: 'int8', scale: 1 }), fails('ERR_CUDA_OUT_OF_MEMORY'));
    const histogram = new kernels.Histogram({ bins: 128 });
    await assert.rejects(histogram.observeCuda(x), fails('ERR_CUDA_OUT_OF_MEMORY'));
    assert.equal(histogram.total, 0);
    product.dispose();
    assert.equal(cudaMemory().free, free);
  },
};

const faults: Cases = {
  'every call of the driver may fail: its name of the error comes through, nothing leaks, the next call works':
    async () => {
      const { free } = cudaMemory();
      const product = await CudaMatMulI8.create(weights, small);
      const expected = await product.run(row);
      const held = cudaMemory().free;
      for (const call of ['cuMemAlloc', 'cuMemcpyHtoD', 'cuLaunchKernel', 'cuCtxSynchronize', 'cuMemcpyDtoH']) {
        process.env['FAKE_CUDA_FAIL_CALL'] = `${call}=719`;
        const text = /CUDA_ERROR_LAUNCH_FAILED, unspecified launch failure \(719\)/;
        await assert.rejects(product.run(row), fails('ERR_CUDA', text), call);
        delete process.env['FAKE_CUDA_FAIL_CALL'];
        assert.equal(cudaMemory().free, held, call);
        assert.deepEqual(await product.run(row), expected);
      }
      product.dispose();
      assert.equal(cudaMemory().free, free);
    },
  'an error without a name keeps its number': async () => {
    process.env['FAKE_CUDA_FAIL_CALL'] = 'cuMemAlloc=9999';
    await assert.rejects(CudaMatMulI8.create(weights, small), fails('ERR_CUDA', /9999/));
    delete process.env['FAKE_CUDA_FAIL_CALL'];
  },
};

const none: Cases = {
  'without a GPU every call says why, in the words of doctor': async () => {
    const { isAvailable, description } = cudaInfo();
    assert.equal(isAvailable, false);
    assert.match(description, /CUDA_ERROR_NO_DEVICE/);
    const unavailable = (error: unknown): boolean => {
      fails('ERR_CUDA_UNAVAILABLE')(error);
      assert.equal((error as Error).message, `CUDA: ${description}`);
      return true;
    };
    for (const call of cases.goodCalls(small, weights)) await assert.rejects(call, unavailable);
    assert.throws(cudaMemory, unavailable);
  },
};

const GROUPS: Readonly<Record<CudaGroup, Cases>> = { results: cases.results, life, refusals, memory, faults, none };

/** What the worker does that is ended: weights open, products in flight. */
async function work(): Promise<void> {
  const product = await CudaMatMulI8.create(weights, small);
  const { parentPort } = await import('node:worker_threads');
  for (;;) {
    await product.run(row);
    parentPort?.postMessage('ran');
  }
}

async function main(): Promise<void> {
  for (const [name, run] of Object.entries(GROUPS[process.argv[2] as CudaGroup])) {
    await run();
    console.log(name);
  }
}

(isMainThread ? main() : work()).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
