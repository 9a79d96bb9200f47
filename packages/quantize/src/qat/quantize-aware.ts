import { layerFilter, type Model } from '@gossamer/graph';
import { crossEntropy, type Dataset, type EpochRecord, train, type TrainOptions } from '@gossamer/train';
import { finishModel } from '../finish-model.js';
import { prepareModel } from '../prepare-model.js';
import { ReportBuilder } from '../report.js';
import { resolveOptions } from '../resolve-options.js';
import { valuesToCalibrate } from '../static/static-plan.js';
import { constantBytes } from '../tensor-bytes.js';
import { refuseQuantized } from '../weights/quantized-already.js';
import { gridGroups } from './aware-groups.js';
import { learnedPlan, observedPlan } from './aware-plan.js';
import { findAwareUnits, ownBiases, typesFor } from './aware-units.js';
import { emitLearned, reportFloat } from './emit-learned.js';
import { firstGrids, observe, samplesOf } from './first-grids.js';
import type { Grids } from './grids.js';
import { insertGrids } from './insert-grids.js';
import { learnedGrids, rescaledGrids } from './learned-grids.js';
import type { QuantizeAwareOptions, QuantizeAwareResult } from './quantize-aware-options.js';
import { zeroMasks } from './zero-masks.js';
import { resolveAware, type ResolvedAware } from './resolve-aware.js';

/**
 * Trains `model` on so that its codes lose little, and writes it with them: QuantizeLinear/DequantizeLinear pairs that ONNX Runtime runs as
 * integer kernels; weights and activations of fewer than 8 bits are 8-bit codes of which only some are used. The model is optimised first
 * (convolutions take up their normalizations); a BatchNormalization that stays keeps its running statistics. What is written computes what the
 * forward pass of training would with the last weights, up to float rounding.
 *
 * `model` does not change. Throws what `train` throws, ERR_QUANTIZE_OPTION and ERR_ALREADY_QUANTIZED. An aborted call rejects with the signal's reason.
 */
export async function quantizeAware(
  model: Model,
  dataset: Dataset,
  options: QuantizeAwareOptions = {},
): Promise<QuantizeAwareResult> {
  const aware = resolveAware(options);
  const { training, samples, include, exclude } = aware;
  refuseQuantized(model);
  const report = new ReportBuilder();
  const inputs = model.graph.inputs.map(({ name }) => name);
  const data = samplesOf(dataset, inputs, samples);
  // Codes of up to 4 bits ask for the opset that has them.
  const weights = Math.min(aware.bits.weight, aware.bits.edge) <= 4 ? 'int4' : 'int8';
  const resolved = resolveOptions({ mode: 'static', weights, data, costModel: false, include, exclude, samples });
  const prepared = prepareModel(model, resolved, report).copy;
  const { filter, warnings } = layerFilter(prepared, { include, exclude });
  report.warnings.push(...warnings);
  const context = { dataset, filter, form: { batchNorm: 'frozen', ...training.form } as const };
  const found = findAwareUnits(prepared, typesFor(prepared, dataset), filter, context.form);
  ownBiases(found.units);
  const { threads, signal } = training;
  const calibration = await observe(prepared, valuesToCalibrate(found.units), data, {
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
  });
  report.warnings.push(...calibration.warnings);
  const { plan } = observedPlan(found.units, found.reasons, calibration);
  const first = firstGrids(plan, calibration, aware.bits, aware.granularity === 'perAxis');
  const learned = await learn(prepared, first, dataset, aware);
  report.warnings.push(...learned.warnings);
  const written = learned.model.clone();
  const last = learnedPlan(written, context, learned.grids.activations);
  reportFloat(written, last, report);
  emitLearned(last.plan, new Map(learned.grids.weights.map((grid) => [grid.value, grid])), report);
  finishModel(written, resolved, samples);
  const [before, after] = [constantBytes(model), constantBytes(written)];
  const { history, engine, grids } = learned;
  return {
    model: written,
    trained: learned.model,
    grids,
    history,
    engine,
    report: {
      mode: 'qat',
      layers: report.layers,
      warnings: report.warnings,
      bytes: { before, after, ratio: after > 0 ? before / after : 1 },
      samples: dataset.length,
    },
  };
}

interface LearnedModel {
  readonly model: Model;
  readonly grids: Grids;
  readonly history: readonly EpochRecord[];
  readonly engine: string;
  readonly warnings: readonly string[];
}

/** Trains stage by stage, each from where the last one ended, with its ranges in fewer codes. */
async function learn(model: Model, target: Grids, dataset: Dataset, aware: ResolvedAware): Promise<LearnedModel> {
  const { losses, rule, learner = train, scaleLearningRate, clipDecay, stages } = aware;
  const form = { batchNorm: 'frozen', ...aware.training.form } as const;
  const training = { ...aware.training, form, masks: zeroMasks(model, aware.preserve, { ...aware.training, form }) };
  let current: LearnedModel = { model, grids: target, history: [], engine: '', warnings: [] };
  const list = [...stages, 0];
  const watched = Math.floor(WATCHED_SHARE * passesOf(training, dataset.length));
  for (const [stage, least] of list.entries()) {
    const grids = rescaledGrids(current.grids, target, least);
    const result = await learner(current.model, dataset, {
      ...training,
      losses: losses ?? [{ loss: crossEntropy() }],
      rewrite: (form, mode) => insertGrids(form, grids, rule, true, mode === 'train' ? watched : undefined),
      groups: [...(training.groups ?? []), ...gridGroups(grids, rule, scaleLearningRate, clipDecay)],
      ...checkpointOf(training, stage, list.length),
    });
    current = {
      model: result.model,
      grids: learnedGrids(grids, result.added, rule),
      history: [...current.history, ...result.history],
      engine: result.engine,
      warnings: [...current.warnings, ...result.warnings],
    };
  }
  return current;
}

/** Share of a stage's passes in which ranges of rule 'ema' follow what they see. */
const WATCHED_SHARE = 0.9;

/** Forward passes of a stage; held-out samples of a default number are counted as trained on. */
function passesOf(
  { steps, epochs = 0, batch = 128, accumulate = 1, validation }: ResolvedAware['training'],
  length: number,
): number {
  const own = length - (validation?.dataset ? 0 : (validation?.count ?? 0));
  return steps === undefined ? epochs * Math.ceil(own / batch) : steps * accumulate;
}

/** Each stage has a checkpoint of its own; the last one that of the options. */
function checkpointOf(
  { checkpoint }: Pick<TrainOptions, 'checkpoint'>,
  stage: number,
  stages: number,
): Pick<TrainOptions, 'checkpoint'> {
  if (!checkpoint || stage === stages - 1) return checkpoint ? { checkpoint } : {};
  return { checkpoint: { ...checkpoint, path: `${checkpoint.path}.stage${stage + 1}` } };
}
