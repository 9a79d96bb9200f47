import { statSync } from 'node:fs';
import { join } from 'node:path';
import { optimize, quantize, saveOptimized } from '@gossamer/compress';
import { elementCount, isGossamerError, Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import {
  type DataSource,
  evaluateMetrics,
  type Feeds,
  type MetricResult,
  modelInputs,
  Session,
  type Verification,
} from '@gossamer/runtime';
import { pairedLatency, type PairedLatency } from '../harness/paired-latency.js';
import { writeNpz } from '../harness/write-npz.js';
import type { SuiteContext } from '../harness/suite.js';
import type { RealModel, Variant } from './real-model.js';

/** What became of a model. */
export interface VariantResult {
  readonly model: string;
  readonly variant: string;
  /** Why nothing was written; undefined when a file was. */
  readonly refused?: string;
  readonly bytes?: { readonly before: number; readonly after: number; readonly ratio: number };
  readonly metrics?: readonly MetricResult[];
  readonly fusedKernels?: Readonly<Record<string, number>>;
  readonly floatKernels?: Readonly<Record<string, number>>;
  /** Against the float model in stock ONNX Runtime, one thread; ratio above 1 is faster. */
  readonly latency?: PairedLatency;
  readonly makeSeconds?: number;
  readonly gateSeconds?: number;
}

/** Makes one variant through the SDK and its gate, then judges the file in stock ONNX Runtime. */
export async function measureVariant(
  model: RealModel,
  variant: Variant,
  context: SuiteContext,
): Promise<VariantResult> {
  const names = { model: model.name, variant: variant.name };
  const path = join(context.scratch, 'variant.onnx');
  const start = performance.now();
  let proof: Verification | undefined;
  try {
    proof = await make(model, variant, path, context);
  } catch (error) {
    if (!isGossamerError(error)) throw error;
    return { ...names, refused: shortReason(`${error.code}: ${error.message}`, context) };
  }
  const gateSeconds = proof?.seconds ?? 0;
  const makeSeconds = (performance.now() - start) / 1000 - gateSeconds;
  return {
    ...names,
    makeSeconds,
    gateSeconds,
    fusedKernels: proof?.fusedKernels ?? {},
    floatKernels: proof?.floatKernels ?? {},
    ...(await judgeFile(model, path, context)),
  };
}

/** Why a file was refused, short enough for a table and without the scratch folder's name. */
export function shortReason(message: string, { scratch }: SuiteContext): string {
  const text = message.replaceAll(`${scratch}/`, '');
  return text.length > 160 ? `${text.slice(0, 160)}...` : text;
}

async function make({ path, calibration, test }: RealModel, { how }: Variant, out: string, context: SuiteContext) {
  const { signal } = context;
  const data = await gateData(path, test, context);
  const gate = { force: true, signal, ...(data ? { data } : {}) };
  if (how === 'optimize') return saveOptimized(await optimize(path, { signal }), out, gate);
  const { model } = await quantize(path, { ...how, ...(how.mode === 'static' ? { data: calibration } : {}), signal });
  return model.save(out, gate);
}

/**
 * The first test sample as a file, for the gate: a real input says more than noise, on which even ONNX Runtime's own optimisations change
 * the detector's steep output by 36 dB. Sequences keep the gate's default.
 */
async function gateData(path: string, test: DataSource, { scratch }: SuiteContext) {
  const inputs = modelInputs(await loadModel(path));
  for await (const { feeds, steps } of test.batches({ inputs, batchSize: 1, limit: 1 })) {
    if (steps) return undefined;
    const file = join(scratch, 'gate.npz');
    writeNpz(file, feeds);
    return { spec: `npz:${file}` };
  }
  throw new Error(`${test.description}: no sample`);
}

/** Size, quality and paired latency of a file that stands for `model`. */
export async function judgeFile(
  model: RealModel,
  path: string,
  { signal }: SuiteContext,
): Promise<Pick<VariantResult, 'bytes' | 'metrics' | 'latency'>> {
  const [before, after] = [statSync(model.path).size, statSync(path).size];
  const latency = await pairedLatency(model.path, path, await firstFeeds(model), { signal });
  const metrics = model.metrics();
  const session = await Session.open(path);
  const reference = metrics.some(({ needs }) => needs === 'reference') ? await Session.open(model.path) : undefined;
  try {
    const compared = { batchSize: model.batchSize, signal, ...(reference ? { reference } : {}) };
    const results = await evaluateMetrics(session, model.test, metrics, compared);
    return { bytes: { before, after, ratio: before / after }, metrics: results, latency };
  } finally {
    await reference?.dispose();
    await session.dispose();
  }
}

/** The metrics of the float model itself: those that do not compare with it. */
export async function judgeOriginal(model: RealModel, { signal }: SuiteContext): Promise<MetricResult[]> {
  const metrics = model.metrics().filter(({ needs }) => needs !== 'reference');
  if (metrics.length === 0) return [];
  const session = await Session.open(model.path);
  try {
    return await evaluateMetrics(session, model.test, metrics, { batchSize: model.batchSize, signal });
  } finally {
    await session.dispose();
  }
}

/** One sample; of a recurrent model the first step, its state zeros with open dimensions 1. */
async function firstFeeds({ path, test }: RealModel): Promise<Feeds> {
  const inputs = modelInputs(await loadModel(path));
  for await (const { feeds, steps } of test.batches({ inputs, batchSize: 1, limit: 1 })) {
    const given: Record<string, Tensor> = { ...feeds, ...steps?.[0] };
    for (const { name, dtype, shape } of inputs) {
      const dims = (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 1));
      given[name] ??= Tensor.fromNumbers(dtype ?? 'float32', dims, new Float64Array(elementCount(dims)));
    }
    return given;
  }
  throw new Error(`${test.description}: no sample`);
}
