import type { Isa } from '@gossamer/kernels';
import { peakRssMb } from '@gossamer/runtime';
import { measurePeak } from '../harness/measure-peak.js';
import { buildKernelModels } from './build-kernel-model.js';
import type { CaseAnswers, CaseJob, KernelJob, MemoryJob, ModelJob } from './case-job.js';
import type { CaseResult } from './case-result.js';
import { EngineTimer } from './engine-timer.js';
import { type KernelKind, operationsOf } from './kernel-case.js';
import { measurePair } from './measure-pair.js';
import { openModelFile } from './open-model-file.js';
import { profileOrt } from './profile-ort.js';

/** Does a job in this process. */
export async function runJob(job: CaseJob, signal?: AbortSignal): Promise<CaseAnswers[CaseJob['kind']]> {
  switch (job.kind) {
    case 'kernel':
      return measureKernel(job, signal);
    case 'model':
      return measureModel(job, signal);
    case 'memory':
      return measureMemory(job);
    case 'profile':
      return { shares: await profileOrt(await openModelFile(job.path, job.bindings), job.threads) };
    case 'peak':
      return measurePeak(job.threads);
  }
}

/**
 * How far two right engines may be apart, over the largest output: nothing in exact integers; 2 of 255 codes per layer, since ONNX Runtime
 * rounds the product of scales before and others after; float sums in another order; and 8-bit activations of other rounding.
 */
const TOLERANCE: Readonly<Record<KernelKind, number>> = {
  int32: 0,
  'int32-s8s8': 0,
  quantized: 0.03,
  dynamic: 0.02,
  float: 1e-4,
  nbits: 0.05,
};

function measureKernel(job: KernelJob, signal: AbortSignal | undefined): Promise<CaseResult> {
  const { kernelCase, threads, engines, seconds, pinned, isa } = job;
  const { name, group, kind, m, n, k, mask, repeat } = kernelCase;
  const { work, call, sparsity } = buildKernelModels(kernelCase);
  const facts = {
    ...{ kind, m, n, k, mask, repeat, sparsity: Number(sparsity.toFixed(4)) },
    ...(kernelCase.blockSize === undefined ? {} : { blockSize: kernelCase.blockSize }),
    ...(isa === undefined ? {} : { isa }),
    tolerance: TOLERANCE[kind] * repeat,
  };
  const request = { id: caseId(name, threads, isa), name, group, threads, facts, engines, seconds, pinned };
  return measurePair(work, call, { ...request, operations: operationsOf(kernelCase) }, signal);
}

async function measureModel(job: ModelJob, signal: AbortSignal | undefined): Promise<CaseResult> {
  const { name, group, threads, facts, engines, seconds, pinned } = job;
  const model = await openModelFile(job.path, job.bindings);
  const request = { id: caseId(name, threads), name, group, threads, facts, engines, seconds, pinned };
  return measurePair(model, undefined, { ...request, operations: undefined }, signal);
}

async function measureMemory({ path, bindings, engine, threads }: MemoryJob): Promise<{ peakRssMb: number }> {
  const timer = await EngineTimer.open(await openModelFile(path, bindings), engine, threads);
  await timer.time(3);
  await timer.dispose();
  return { peakRssMb: peakRssMb() };
}

/** The same in every run. */
export const caseId = (name: string, threads: number, isa?: Isa): string =>
  `${name} @${threads}${isa === undefined ? '' : ` ${isa}`}`;
