import { type DType, isFloat } from '../dtype.js';
import type { Node } from '../ir/node.js';
import { elementCount, Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';

/** A linear layer whose result can be scaled and shifted per output channel by changing its constants. */
export interface ChannelAffine {
  readonly layer: Node;
  readonly weight: Value;
  readonly tensor: Tensor;
  /** Output channel of each element of the weight. */
  readonly channelOf: (element: number) => number;
  readonly channels: number;
  /** The bias as it takes effect, zeros without one. */
  readonly bias: Float64Array;
  readonly biasValue: Value | undefined;
  /** Dims a new bias has. */
  readonly biasDims: readonly number[];
}

/** True when `reader` alone reads the only result of `layer`, in the same scope. */
export function readsOnlyBy(layer: Node, reader: Node): boolean {
  const [result, ...others] = layer.outputs;
  if (!result || result.isOutput || layer.graph !== reader.graph || others.some((value) => value)) return false;
  return result.uses.length === 1 && result.uses[0]!.node === reader;
}

/** Describes a Conv, ConvTranspose or Gemm with constant float parameters and `channels` outputs; undefined for anything else. */
export function channelAffine(layer: Node, channels: number): ChannelAffine | undefined {
  const [weight, biasValue] = [layer.input(1), layer.input(2)];
  const tensor = weight?.constant;
  const map = tensor && channelMap(layer, tensor.dims);
  if (!weight || !map || !isFloat(tensor.dtype) || !canWrite(tensor.dtype) || map.channels !== channels)
    return undefined;
  const bias = effectiveBias(layer, biasValue, channels);
  if (!bias) return undefined;
  return { layer, weight, tensor, channelOf: map.channelOf, channels, bias, biasValue, biasDims: [channels] };
}

const canWrite = (dtype: DType) => ['float32', 'float64', 'float16', 'bfloat16'].includes(dtype);

interface ChannelMap {
  readonly channels: number;
  readonly channelOf: (element: number) => number;
}

function channelMap(layer: Node, dims: readonly number[]): ChannelMap | undefined {
  const [first = 0, second = 0] = dims;
  if (layer.isStandard('Conv')) {
    const inner = elementCount(dims.slice(1));
    return { channels: first, channelOf: (element) => Math.floor(element / inner) };
  }
  if (layer.isStandard('ConvTranspose')) {
    // [c, m / groups, kernel..]: input channel c belongs to group floor(c / (C / groups)).
    const groups = layer.int('group', 1);
    const inner = elementCount(dims.slice(2));
    const perGroup = first / groups;
    const channelOf = (element: number) => {
      const group = Math.floor(Math.floor(element / (inner * second)) / perGroup);
      return group * second + (Math.floor(element / inner) % second);
    };
    return { channels: second * groups, channelOf };
  }
  if (!layer.isStandard('Gemm') || dims.length !== 2) return undefined;
  if (layer.int('transB', 0) === 1) return { channels: first, channelOf: (element) => Math.floor(element / second) };
  return { channels: second, channelOf: (element) => element % second };
}

/** What is added per channel; undefined when it is not a constant, or varies along the batch. */
function effectiveBias(layer: Node, value: Value | undefined, channels: number): Float64Array | undefined {
  if (!value) return new Float64Array(channels);
  const tensor = value.constant;
  if (!tensor || !isFloat(tensor.dtype)) return undefined;
  const beta = layer.isStandard('Gemm') ? layer.float('beta', 1) : 1;
  const data = tensor.toFloat64();
  const perChannel = tensor.dims.at(-1) === channels && data.length === channels;
  if (!perChannel && data.length !== 1) return undefined;
  return Float64Array.from({ length: channels }, (_, c) => beta * data[perChannel ? c : 0]!);
}

/**
 * Folds y -> factor y + shift, which `node` applies to the result of the layer, into the layer; the layer makes the result of `node`
 * from then on. Stored tensors with other readers are cloned.
 */
export function foldAffine(affine: ChannelAffine, factor: Float64Array, shift: Float64Array, node: Node): boolean {
  const { layer, weight, tensor, channelOf, bias, biasValue, biasDims } = affine;
  const { graph } = layer;
  const result = node.output;
  const weights = tensor.toFloat64();
  for (let i = 0; i < weights.length; i++) weights[i]! *= factor[channelOf(i)]!;
  store(layer, 1, weight, Tensor.fromNumbers(tensor.dtype, tensor.dims, weights), weight.name);
  const biases = bias.map((b, c) => b * factor[c]! + shift[c]!);
  store(layer, 2, biasValue, Tensor.fromNumbers(tensor.dtype, biasDims, biases), `${weight.name}_bias`);
  if (layer.isStandard('Gemm')) graph.setAttribute(layer, 'beta', undefined);
  // The layer takes over the name of what `node` made.
  graph.detachOutput(result, `${result.name}_removed`);
  graph.setInput(node, 0, undefined);
  graph.setOutput(layer, 0, result);
  graph.remove(node);
  return true;
}

/** Puts a tensor where `layer` reads `value`: in place when nothing else reads it, else under a new name. */
function store(layer: Node, slot: number, value: Value | undefined, tensor: Tensor, name: string): void {
  const alone = value?.initializer && value.uses.length === 1 && !value.isOutput && !value.isInput;
  if (alone) value.graph.setInitializer(value, tensor);
  else layer.graph.setInput(layer, slot, layer.graph.addInitializer(name, tensor));
}
