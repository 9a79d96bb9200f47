import { type Model, toWeightMatrix, type Value } from '@gossamer/graph';
import { calibrate, type Calibration, type DataSource, type ObserveRequest } from '@gossamer/runtime';
import { findLayers, type Layer, refuseLayer } from '../layers.js';
import { limitSamples } from '../limit-samples.js';
import type { QuantizeProgress } from '../options.js';
import { prepareModel } from '../prepare-model.js';
import { type QuantizeReport, ReportBuilder } from '../report.js';
import { resolveOptions } from '../resolve-options.js';
import { qualityFeeds } from '../static/output-quality.js';
import { compareLayers } from './compare-layers.js';
import { diagnose } from './diagnose.js';
import type { LayerExplanation } from './explanation.js';
import { valueCodes } from './input-codes.js';
import { layerOutput } from './layer-outputs.js';
import { saturationRisks } from './saturation-risk.js';
import { histogramSpread, shareOutside, type Spread, spreadOf } from './value-spread.js';

export interface ExplainOptions {
  /** Samples that ranges are taken from. Default 32; results of layers are compared on the first 8. */
  readonly samples?: number;
  /** What was done to each layer; says which cures were taken. Default: not known. */
  readonly report?: Pick<QuantizeReport, 'layers'>;
  /** Whether `quantized` was made from the optimised model, as `quantize` does. Default true. */
  readonly optimize?: boolean;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: QuantizeProgress) => void;
}

export interface Explanation {
  /** Layers with weights, in graph order. */
  readonly layers: readonly LayerExplanation[];
  readonly warnings: readonly string[];
}

/**
 * Says of each layer what quantization does to it and why: spread of weights and inputs, what is clipped, dead channels, noise of its own and of all up to it,
 * what CPUs without VNNI would cut off (simulated), the cause in words and the cure. The models' values are matched by name; where a form hides them (QLinear
 * operators), figures are missing. Neither model changes.
 */
export async function explain(
  model: Model,
  quantized: Model,
  data: DataSource,
  options: ExplainOptions = {},
): Promise<Explanation> {
  const { samples = 32, signal, threads, onProgress, report } = options;
  const builder = new ReportBuilder();
  const resolved = resolveOptions({ mode: 'dynamic', optimize: options.optimize ?? true });
  const float = prepareModel(model, resolved, builder).copy;
  const layers = findLayers(float).filter((layer) => layer.node.graph.owner === undefined && !refuseLayer(layer));
  const calibration = await calibrate(float, layers.flatMap(requests), limitSamples(data, samples), {
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  });
  const feeds = await qualityFeeds(float, data);
  const outputs = new Map(layers.map((layer) => [layer, layerOutput(layer, quantized)]));
  const seen = [...outputs.values()].filter((output) => output !== undefined);
  onProgress?.({ stage: 'compare layers', done: 0, total: layers.length });
  const noise = await compareLayers(float, quantized, seen, feeds, options);
  const channels = (name: string) => calibration.statistics.get(name)?.channels;
  const risks = await saturationRisks(float, quantized, channels, feeds);
  const reasons = new Map(report?.layers.map(({ name, reason }) => [name, reason]));
  const explained = layers.map((layer): LayerExplanation => {
    const { id, kind } = layer.node;
    const own = noise.get(outputs.get(layer)?.name ?? '');
    const facts = {
      ...{ name: id, op: kind, weights: weightSpread(layer), deadChannels: deadChannels(layer, calibration) },
      ...inputFacts(layer, quantized, calibration),
      sqnrAlone: own && decibels(own.alone),
      sqnrCumulated: own && decibels(own.cumulated),
      saturation: risks.get(id),
    };
    return { ...facts, ...diagnose(facts, reasons.get(id)) };
  });
  return { layers: explained, warnings: [...builder.warnings, ...calibration.warnings] };
}

const decibels = (noise: number): number => (noise > 0 ? -10 * Math.log10(noise) : Infinity);

/** The activation that a layer reads. */
function inputOf({ node, views }: Layer): Value | undefined {
  const weights = new Set(views.map(({ inputIndex }) => inputIndex));
  const slot = node.inputs.findIndex((value, i) => value !== undefined && !value.constant && !weights.has(i));
  return views.some(({ role }) => role === 'embedding') || slot < 0 ? undefined : node.inputs[slot];
}

/** Axis of channels: 1 of convolutions and matrices, else undefined. */
const channelAxis = ({ node }: Layer): number | undefined =>
  ['Conv', 'ConvTranspose', 'Gemm'].includes(node.op) ? 1 : undefined;

function requests(layer: Layer): ObserveRequest[] {
  const axis = channelAxis(layer);
  const input = inputOf(layer);
  const at = axis === undefined ? {} : { axis };
  const result = resultOf(layer);
  return [
    ...(input ? [{ value: input, histogram: true, ...at }] : []),
    ...(axis === undefined || !result ? [] : [{ value: result, axis }]),
  ];
}

/** The result behind the activation that follows at once: where a dead channel is 0. */
function resultOf({ node }: Layer): Value | undefined {
  const value = node.outputs[0];
  if (value?.uses.length !== 1) return value;
  const reader = value.uses[0]!.node;
  return reader.op === 'Relu' || reader.op === 'Clip' ? reader.output : value;
}

function weightSpread({ views }: Layer): Spread | undefined {
  const [view] = views;
  if (!view) return undefined;
  const { groups, rows, data } = toWeightMatrix(view);
  return spreadOf(data, groups * rows);
}

function inputFacts(layer: Layer, quantized: Model, calibration: Calibration) {
  const value = inputOf(layer);
  const statistics = value && calibration.statistics.get(value.name);
  const histogram = statistics?.histogram;
  if (!value || !histogram) return { input: undefined, clipped: undefined };
  const ranges =
    statistics.channels &&
    Array.from(statistics.channels.max, (max, i) => Math.max(max, -statistics.channels!.min[i]!));
  const codes = valueCodes(quantized, value.name);
  return {
    input: histogramSpread(histogram, ranges),
    // Half a step beyond the last code still rounds to it.
    clipped: codes && shareOutside(histogram, codes.low - codes.scale / 2, codes.high + codes.scale / 2),
  };
}

function deadChannels(layer: Layer, { statistics }: Calibration): number | undefined {
  const channels = statistics.get(resultOf(layer)?.name ?? '')?.channels;
  return channels?.min.reduce((dead, min, i) => dead + (min === 0 && channels.max[i] === 0 ? 1 : 0), 0);
}
