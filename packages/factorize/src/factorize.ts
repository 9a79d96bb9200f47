import { countMacs, inferTypes, layerFilter, type Model } from '@gossamer/graph';
import { type DataSource, keepSamples, modelInputs } from '@gossamer/runtime';
import { factorsMatrix } from './factors-matrix.js';
import { findLayers } from './layers/find-layers.js';
import { makeReport } from './make-report.js';
import { power, refusePower } from './measure/inner.js';
import { walkMoments } from './measure/walk-moments.js';
import type { FactorizeOptions } from './options.js';
import { chooseRanks } from './ranks/choose-ranks.js';
import { letThrough } from './ranks/let-through.js';
import { refitLayers } from './refit/refit-layers.js';
import type { FactorizeReport } from './report.js';
import { type ResolvedOptions, resolveOptions } from './resolve-options.js';
import { type LayerWork, startWork } from './work.js';
import { writeLayer } from './write/write-layer.js';

export interface FactorizeResult {
  readonly model: Model;
  readonly report: FactorizeReport;
}

/**
 * Writes layers as products of smaller ones, where bytes and multiply-accumulates both fall. A new model: the given one never changes, and
 * nothing but the factored layers differs. The same inputs and options give the same bytes.
 */
export async function factorize(model: Model, options: FactorizeOptions = {}): Promise<FactorizeResult> {
  const resolved = resolveOptions(options);
  const { method, include, exclude, signal, onProgress } = resolved;
  signal?.throwIfAborted();
  const copy = model.clone();
  const { filter, warnings } = layerFilter(copy, { include, exclude });
  const { layers, left } = findLayers(copy, method, filter);
  const { perLayer } = countMacs(copy, inferTypes(copy));
  const macsOf = (id: string) => perLayer.get(id)?.macs;
  const data = await samplesOf(copy, resolved);
  const works = layers.map((layer) => startWork(layer, macsOf, resolved));
  const open = () => works.filter((work) => work.left === undefined);
  const progress = (stage: string) => {
    const total = open().length;
    let done = 0;
    return () => onProgress?.({ stage, done: ++done, total });
  };

  await decompose(copy, open(), resolved, data, progress('decompose'));
  const report = makeReport(copy, works, left, macsOf);
  warnings.push(...(await chooseRanks(copy, open(), report.costs(), resolved, data)));
  for (const work of open()) {
    await letThrough(signal);
    work.factors = work.decomposition!.factor(work.candidate!);
  }
  if (data) await measure(copy, open(), resolved, data, progress('measure'));
  for (const work of open()) writeLayer(work);
  return { model: copy, report: report.finish(method.name, warnings, data?.length ?? 0) };
}

/** The samples that are used, kept: they are gone through more than once. */
async function samplesOf(model: Model, { data, samples, signal }: ResolvedOptions): Promise<DataSource | undefined> {
  if (!data) return undefined;
  const batchSize = 8;
  const [kept] = await keepSamples(data, modelInputs(model), {
    parts: [samples],
    batchSize,
    ...(signal ? { signal } : {}),
  });
  return kept;
}

/** Every layer's decomposition, and its power where inputs are walked through. */
async function decompose(
  model: Model,
  works: readonly LayerWork[],
  options: ResolvedOptions,
  data: DataSource | undefined,
  onLayer: () => void,
): Promise<void> {
  const { method, refit, signal } = options;
  const needsMoments = method.needs === 'moments';
  if (data && (needsMoments || refit)) {
    const miss = (work: LayerWork, reason: string) => {
      if (needsMoments) work.left = reason;
    };
    for await (const { work, moments } of walkMoments(model, works, data, options, miss)) {
      const { weight, rows, columns } = work.problem;
      work.power = power(weight, moments.second, rows, columns);
      if (!needsMoments) continue;
      const useless = refusePower(work.power);
      if (useless !== undefined) work.left = useless;
      else {
        work.decomposition = await method.decompose({ ...work.problem, moment: moments.second });
        onLayer();
      }
    }
  }
  for (const work of works) {
    signal?.throwIfAborted();
    if (work.left !== undefined || work.decomposition) continue;
    work.decomposition = await method.decompose(work.problem);
    onLayer();
  }
}

/** Output errors of the chosen factors, which a refit lowers. */
async function measure(
  model: Model,
  works: readonly LayerWork[],
  options: ResolvedOptions,
  data: DataSource,
  onLayer: () => void,
): Promise<void> {
  if (options.refit) return refitLayers(model, works, data, options, onLayer);
  // What cannot be seen has no output error.
  const miss = () => undefined;
  for await (const { work, moments } of walkMoments(model, works, data, options, miss)) {
    const { weight, rows, columns } = work.problem;
    const matrix = factorsMatrix(work.factors!, work.problem);
    const change = matrix.map((x, i) => weight[i]! - x);
    const whole = power(weight, moments.second, rows, columns);
    if (whole > 0) work.outputError = Math.sqrt(power(change, moments.second, rows, columns) / whole);
    onLayer();
  }
}
