import { join } from 'node:path';
import { quantize } from '@gossamer/compress';
import { isGossamerError, type Model } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { loadModel } from '@gossamer/graph/onnx';
import { evaluateMetrics, type Feeds, Session } from '@gossamer/runtime';
import type { SuiteContext } from '../harness/suite.js';
import type { RealModel, Variant } from '../real-models/real-model.js';
import { type StepDifferences, StepDifferenceMetric } from './step-differences.js';

/** One model on the native engine beside ONNX Runtime. */
export interface EngineComparison {
  readonly model: string;
  readonly variant: string;
  /** 'native', or 'auto' where the native engine lacks nodes; then which, and why. */
  readonly engine: string;
  readonly lacking?: string;
  readonly refused?: string;
  readonly differences?: StepDifferences;
  /** Largest error of each engine against float64 arithmetic on one sample; of float models. */
  readonly exact?: { readonly native: number; readonly ort: number };
}

/** Compares the engines on the model's test data: as it is (`variant` undefined), or quantized. */
export async function compareEngines(
  model: RealModel,
  variant: Variant | undefined,
  context: SuiteContext,
): Promise<EngineComparison> {
  const names = { model: model.name, variant: variant?.name ?? 'float' };
  let path = model.path;
  try {
    if (variant && variant.how !== 'optimize') {
      path = join(context.scratch, 'conformance.onnx');
      const data = variant.how.mode === 'static' ? { data: model.calibration } : {};
      const made = await quantize(model.path, { ...variant.how, ...data, signal: context.signal });
      await made.model.save(path, { force: true, verify: 'none', signal: context.signal });
    }
    return { ...names, ...(await compareOn(path, model, !variant, context)) };
  } catch (error) {
    if (!isGossamerError(error)) throw error;
    return { ...names, engine: 'none', refused: `${error.code}: ${error.message}`.slice(0, 160) };
  }
}

async function compareOn(path: string, model: RealModel, isFloat: boolean, { signal }: SuiteContext) {
  const graph = await loadModel(path);
  const opened = await openNative(path);
  const ort = await Session.open(path);
  try {
    const metric = new StepDifferenceMetric(graph);
    const options = { batchSize: model.batchSize, reference: ort, signal };
    await evaluateMetrics(opened.session, model.test, [metric], options);
    const exact = isFloat ? await exactErrors(graph, opened.session, ort, model) : undefined;
    const { session, ...which } = opened;
    return { ...which, differences: metric.differences(), ...(exact ? { exact } : {}) };
  } finally {
    await opened.session.dispose();
    await ort.dispose();
  }
}

async function openNative(path: string): Promise<{ session: Session; engine: string; lacking?: string }> {
  try {
    return { session: await Session.open(path, { engine: 'native' }), engine: 'native' };
  } catch (error) {
    if (!isGossamerError(error) || error.code !== 'ERR_ENGINE_COVERAGE') throw error;
    return { session: await Session.open(path, { engine: 'auto' }), engine: 'auto', lacking: error.message };
  }
}

/** Errors on the first sample against float64 arithmetic; undefined for sequences. */
async function exactErrors(graph: Model, native: Session, ort: Session, { test }: RealModel) {
  for await (const { feeds, steps } of test.batches({ inputs: native.inputs, batchSize: 1, limit: 1 })) {
    if (steps) return undefined;
    const exact = evaluate(graph, feeds, { precision: 'float64' });
    const error = async (session: Session) => largestError(await session.run(feeds), exact);
    return { native: await error(native), ort: await error(ort) };
  }
  return undefined;
}

function largestError(found: Feeds, exact: Feeds): number {
  let largest = 0;
  for (const [name, tensor] of Object.entries(exact)) {
    const [values, wanted] = [found[name]!.toFloat64(), tensor.toFloat64()];
    for (const [i, value] of wanted.entries()) largest = Math.max(largest, Math.abs(values[i]! - value));
  }
  return largest;
}
