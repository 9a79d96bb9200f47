import { distill } from '@gossamer/distill';
import {
  type Grids,
  quantizeAware as quantizeGraph,
  type QuantizeAwareOptions as GraphOptions,
  type QuantizeReport,
} from '@gossamer/quantize';
import type { EpochRecord } from '@gossamer/train';
import { type ModelInput, OnnxModel, toModel } from '../onnx-model.js';
import { lossOf, metricOf, readDataset, refuseLoss, teachers, teaching, trainingOptions } from './finetune.js';
import { TrainingLog } from './training-log.js';
import type { TeacherChoice, TrainingOptions } from './training-options.js';

/** The codes that a model learns for. */
type GridChoice = Pick<
  GraphOptions,
  | 'weightBits'
  | 'activationBits'
  | 'edgeBits'
  | 'granularity'
  | 'activations'
  | 'stages'
  | 'scaleLearningRate'
  | 'clipDecay'
  | 'samples'
  | 'include'
  | 'exclude'
  | 'preserve'
>;

export interface QuantizeAwareOptions extends TrainingOptions, Partial<TeacherChoice>, GridChoice {}

export interface QuantizeAwareResult {
  /** The quantized model; `save` proves it in ONNX Runtime before it is written. */
  readonly model: OnnxModel;
  readonly report: QuantizeReport;
  /** What every code stands for. */
  readonly grids: Grids;
  readonly history: readonly EpochRecord[];
  readonly engine: string;
  readonly seconds: number;
}

/** Layers whose integer kernels the gate counts. */
const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul']);

/** Trains a model on so that its codes lose little, and writes it with them; with `teacher` it also learns what that says. The input does not change. */
export async function quantizeAware(input: ModelInput, options: QuantizeAwareOptions): Promise<QuantizeAwareResult> {
  const start = performance.now();
  const { teacher, weightBits, activationBits, edgeBits, granularity, activations, stages } = options;
  const { scaleLearningRate, clipDecay, samples, include, exclude, preserve } = options;
  if (teacher !== undefined) refuseLoss(options);
  const source = await toModel(input);
  const dataset = await readDataset(source.ir, options);
  const metric = options.metric ?? metricOf(dataset);
  const log = options.run === undefined ? undefined : new TrainingLog(options.run);
  const masters = teacher === undefined ? [] : await teachers(teacher);
  const choice = { weightBits, activationBits, edgeBits, granularity, activations, stages, scaleLearningRate };
  const result = await quantizeGraph(source.ir, dataset, {
    ...trainingOptions(options, dataset, metric, log),
    ...(given({ ...choice, clipDecay, samples, include, exclude, preserve }) as GridChoice),
    ...(teacher === undefined
      ? { losses: [lossOf(options, dataset)] }
      : {
          learner: (model, data, { losses: _, ...training }) =>
            distill(model, masters, data, { ...training, ...teaching(options) }),
        }),
  });
  log?.finish(result.history, metric);
  const { model, report, grids, history, engine } = result;
  const products = report.layers.filter(({ op, action }) => action === 'quantized' && PRODUCTS.has(op));
  const scheme = { integerProducts: products.length, isCalibrated: true };
  const seconds = (performance.now() - start) / 1000;
  return { model: new OnnxModel(model, source, scheme), report, grids, history, engine, seconds };
}

const given = (options: object): object =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
