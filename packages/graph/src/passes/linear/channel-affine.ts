import { isFloat } from '../../dtype.js';
import type { Node } from '../../ir/node.js';
import { elementCount, Tensor } from '../../ir/tensor.js';
import { storeConstant } from '../../weights/weight-view.js';
import { isParametric } from '../determinism.js';
import type { PassScope } from '../pass-scope.js';

/** Weights are scaled in memory, as float64, up to this size; larger ones stay where they lie. */
export const MAX_SCALED_BYTES = 64 << 20;

/** y = factor·z + shift, per output channel. */
export interface ChannelAffine {
  readonly factor: Float64Array;
  readonly shift: Float64Array;
}

/**
 * Works `affine` into the constants of a Conv, ConvTranspose or Gemm, in float64, rounded once to the dtype of its weight. Constants that
 * others read are copied; the weight stays as it is where all factors are 1. Returns false, and changes nothing, where weight or bias is not constant, channels differ, or a product
 * leaves the range of the dtype.
 */
export function scaleChannels(layer: Node, affine: ChannelAffine, scope: PassScope): boolean {
  const { factor, shift } = affine;
  const channels = factor.length;
  const weight = layer.input(1)?.constant;
  const bias = biasOf(layer, channels);
  if (isParametric(layer) || !weight || !isFloat(weight.dtype) || !bias) return false;
  const map = channelMap(layer, weight.dims);
  if (map?.channels !== channels) return false;
  const shifted = bias.map((b, c) => b * factor[c]! + shift[c]!);
  const newWeight = factor.every((value) => value === 1) ? weight : scaledWeight(weight, map, factor);
  const newBias = rounded(weight, [channels], shifted);
  if (!newWeight || !newBias) return false;
  if (newWeight !== weight) setConstant(layer, 1, newWeight, scope, `${layer.output.name}_weight`);
  setConstant(layer, 2, newBias, scope, `${layer.output.name}_bias`);
  if (layer.isStandard('Gemm')) layer.graph.setAttribute(layer, 'beta', undefined);
  return true;
}

function scaledWeight(weight: Tensor, { eachRun }: ChannelMap, factor: Float64Array): Tensor | undefined {
  const data = weight.toFloat64();
  eachRun((start, end, channel) => {
    const f = factor[channel]!;
    for (let i = start; i < end; i++) data[i]! *= f;
  });
  return rounded(weight, weight.dims, data);
}

/** The number of output channels of a Conv, ConvTranspose or Gemm with a constant weight. */
export function channelsOf(layer: Node): number | undefined {
  const weight = layer.input(1)?.constant;
  return weight && !isParametric(layer) ? channelMap(layer, weight.dims)?.channels : undefined;
}

interface ChannelMap {
  readonly channels: number;
  /** Calls back with runs [start, end) of elements of the weight, and the output channel they belong to. */
  readonly eachRun: (visit: (start: number, end: number, channel: number) => void) => void;
}

function channelMap(layer: Node, dims: readonly number[]): ChannelMap | undefined {
  const [first = 0, second = 0] = dims;
  if (layer.isStandard('Conv') && dims.length > 2) {
    const inner = elementCount(dims.slice(1));
    return { channels: first, eachRun: evenRuns(first, inner, (run) => run) };
  }
  if (layer.isStandard('ConvTranspose') && dims.length > 2) {
    // [c, m / groups, kernel..]: input channel c belongs to group floor(c / (C / groups)).
    const groups = layer.int('group', 1);
    const inner = elementCount(dims.slice(2));
    const perGroup = first / groups;
    const channelOf = (run: number) => Math.floor(Math.floor(run / second) / perGroup) * second + (run % second);
    const eachRun = evenRuns(first * second, inner, channelOf);
    return Number.isInteger(perGroup) ? { channels: second * groups, eachRun } : undefined;
  }
  if (!layer.isStandard('Gemm') || dims.length !== 2) return undefined;
  if (layer.int('transB', 0) === 1) return { channels: first, eachRun: evenRuns(first, second, (run) => run) };
  return { channels: second, eachRun: evenRuns(first * second, 1, (run) => run % second) };
}

/** Runs of one length, one after another. */
function evenRuns(count: number, length: number, channelOf: (run: number) => number): ChannelMap['eachRun'] {
  return (visit) => {
    for (let run = 0; run < count; run++) visit(run * length, (run + 1) * length, channelOf(run));
  };
}

/** What a Conv, ConvTranspose or Gemm adds per channel, zeros without a bias; undefined when it is not a constant, or varies along the batch. */
export function biasOf(layer: Node, channels: number): Float64Array | undefined {
  const value = layer.input(2);
  if (!value) return new Float64Array(channels);
  const data = value.constant?.toFloat64();
  if (!data) return undefined;
  const perChannel = value.constant!.dims.at(-1) === channels && data.length === channels;
  if (!perChannel && data.length !== 1) return undefined;
  const beta = layer.isStandard('Gemm') ? layer.float('beta', 1) : 1;
  return Float64Array.from({ length: channels }, (_, c) => beta * data[perChannel ? c : 0]!);
}

/** Rounded to the dtype of `like`; undefined when a value leaves its range. */
export function rounded(like: Tensor, dims: readonly number[], values: Float64Array): Tensor | undefined {
  const tensor = Tensor.fromNumbers(like.dtype, dims, values);
  return tensor.toFloat64().every(Number.isFinite) ? tensor : undefined;
}

/** Gives slot `index` new data: in the constant it reads when nobody else does, else in one of its own. */
export function setConstant(node: Node, index: number, tensor: Tensor, scope: PassScope, name: string): void {
  const value = node.input(index);
  if (value && value.uses.length === 1 && !value.isOutput) storeConstant(value, tensor);
  else node.graph.setInput(node, index, scope.addConstant(name, tensor, { before: node }));
}
