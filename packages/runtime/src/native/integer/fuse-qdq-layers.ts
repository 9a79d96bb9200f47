import { attribute, type AttributeValue, type Node, Tensor, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { attributesOf, onlyReader, replaceNode } from '../edit/node-edits.js';
import { type Dequantized, dequantizedOf, quantizerOf } from './affine.js';
import { layerFactor } from '../../fixed-point/integer-operators.js';
import { clampOf, codeRange } from './code-range.js';
import { fixedPointAttributes } from './fixed-point-attributes.js';
import { type IntegerWeight, integerWeight, isSum, otherOperand, perOutput } from './integer-weight.js';

/** Largest bias code: sums of products stay within int32 beside it. */
const MAX_BIAS = 2 ** 30;

/**
 * Conv, MatMul and Gemm of dequantized operands compute on the codes. Behind a QuantizeLinear of one scale the result is codes as well, and
 * a Relu or Clip between the limits of the codes; otherwise floats.
 */
export function fuseQdqLayers(compilation: Compilation): void {
  for (const node of compilation.graph.nodes()) {
    const layer = readLayer(node, compilation);
    if (layer) fuse(layer, compilation);
  }
}

interface Layer {
  readonly node: Node;
  readonly op: 'Int8Conv' | 'Int8Linear';
  readonly x: Dequantized;
  readonly weight: IntegerWeight;
  readonly outputs: number;
  /** Axis of the result that the outputs lie along. */
  readonly axis: number;
  readonly rank: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

function readLayer(node: Node, compilation: Compilation): Layer | undefined {
  if (node.domain !== '') return undefined;
  const x = dequantizedOf(node.input(0), compilation);
  const rank = compilation.rankOf(node.input(0));
  if (!x || x.codes.constant || rank === undefined) return undefined;
  if (node.op === 'Conv' && (rank === 3 || rank === 4) && compilation.has('Int8Conv')) {
    const weight = integerWeight(node.input(1), 0);
    if (!weight || node.string('auto_pad', 'NOTSET') !== 'NOTSET') return undefined;
    const attributes = attributesOf(node, 'auto_pad', 'kernel_shape');
    return { node, op: 'Int8Conv', x, weight, outputs: outputsOf(weight, 0), axis: 1, rank, attributes };
  }
  if (!compilation.has('Int8Linear') || rank < 2 || compilation.rankOf(node.input(1)) !== 2) return undefined;
  if (node.op !== 'MatMul' && !isPlainGemm(node)) return undefined;
  const transB = node.op === 'Gemm' ? node.int('transB', 0) : 0;
  const axis = transB === 1 ? 0 : 1;
  const weight = integerWeight(node.input(1), axis);
  if (!weight) return undefined;
  const alpha = node.op === 'Gemm' ? node.float('alpha', 1) : 1;
  return {
    node,
    op: 'Int8Linear',
    x,
    weight: alpha === 1 ? weight : { ...weight, scales: weight.scales.map((scale) => Math.fround(scale * alpha)) },
    outputs: outputsOf(weight, axis),
    axis: rank - 1,
    rank,
    attributes: { trans_b: attribute.int(transB) },
  };
}

const outputsOf = (weight: IntegerWeight, axis: number) => weight.codes.constant!.dims[axis]!;

const isPlainGemm = (node: Node) =>
  node.op === 'Gemm' && node.int('transA', 0) === 0 && node.float('beta', 1) === 1 && node.float('alpha', 1) > 0;

function fuse(layer: Layer, compilation: Compilation): void {
  const { node } = layer;
  const own = node.input(2) ? biasOf(layer, node.input(2)!) : undefined;
  if (node.input(2) && !own) return;
  let last = node;
  let bias = own;
  const sum = onlyReader(node.output);
  if (!bias && sum && isSum(sum)) {
    bias = biasOf(layer, otherOperand(sum, node.output));
    if (bias) last = sum;
  }
  if (!toCodes(layer, last, bias, compilation)) toFloats(layer, last, bias, compilation);
}

/** What is added to each output: codes in steps of x scale times weight scale where they are that, and reals. */
interface Bias {
  readonly codes: Tensor | undefined;
  readonly reals: Float64Array;
}

function biasOf(layer: Layer, value: Value): Bias | undefined {
  const { axis, rank, outputs } = layer;
  const plain = value.constant?.dtype === 'float32' ? perOutput(value.constant, axis, rank, outputs) : undefined;
  // A Conv has its bias as a row, whatever the rank of its result.
  const row = plain ?? rowOf(value.constant, outputs, layer);
  if (row) return { codes: undefined, reals: spread(row.toFloat64(), outputs) };
  const dequantize = value.producer;
  const codes = dequantize?.isStandard('DequantizeLinear') ? dequantize.input(0)?.constant : undefined;
  const scale = dequantize?.input(1)?.constant;
  if (!codes || codes.dtype !== 'int32' || !scale) return undefined;
  const integers = perOutput(codes, axis, rank, outputs) ?? rowOf(codes, outputs, layer, 'int32');
  const zero = dequantize!.input(2)?.constant;
  if (integers?.length !== outputs || zero?.toIntegers().some((z) => z !== 0)) return undefined;
  const scales = spread(scale.toFloat64(), outputs);
  const steps = stepsOf(layer);
  const isExact = scales.every((s, n) => s === steps[n]);
  const reals = integers.toFloat64().map((code, n) => code * scales[n]!);
  return { codes: isExact ? integers : undefined, reals };
}

function rowOf(tensor: Tensor | undefined, outputs: number, layer: Layer, dtype = 'float32'): Tensor | undefined {
  if (layer.op !== 'Int8Conv' || tensor?.dtype !== dtype) return undefined;
  return tensor.dims.length === 1 && tensor.length === outputs ? tensor : undefined;
}

const spread = (values: Float64Array, count: number): Float64Array =>
  values.length === count ? values : new Float64Array(count).fill(values[0]!);

/** The real value of one unit of the int32 sum of each output: x scale times weight scale, in float32. */
function stepsOf({ x, weight, outputs }: Layer): number[] {
  const { scales } = weight;
  return Array.from({ length: outputs }, (_, n) => Math.fround(x.scale * scales[scales.length === 1 ? 0 : n]!));
}

function toCodes(layer: Layer, last: Node, bias: Bias | undefined, compilation: Compilation): boolean {
  const clamp = clampOf(onlyReader(last.output));
  const end = clamp ? clamp.node : last;
  const quantize = onlyReader(end.output);
  const y = quantizerOf(quantize, compilation);
  if (!quantize || !y) return false;
  const codes = bias && biasCodes(layer, bias);
  if (bias && !codes) return false;
  const [low, high] = codeRange(y, clamp);
  const scales = stepsOf(layer).map((step) => Math.fround(step / y.scale));
  if (!scales.every((scale) => Number.isFinite(scale) && scale > 0)) return false;
  write(layer, quantize, [codes], compilation, {
    result: attribute.string('quantized'),
    ...(compilation.requantize === 'float'
      ? { scales: attribute.floats(shortened(scales, layer)) }
      : fixedPointAttributes(shortened(layer.weight.scales, layer).map((w) => layerFactor(layer.x.scale, w, y.scale)))),
    y_zero_point: attribute.int(y.zeroPoint),
    low: attribute.int(low),
    high: attribute.int(high),
  });
  return true;
}

/** The bias in whole steps; rounded where it is none: by half a step, far less than one of the result's codes. */
function biasCodes(layer: Layer, bias: Bias): Tensor | undefined {
  if (bias.codes) return bias.codes;
  const steps = stepsOf(layer);
  const codes = bias.reals.map((real, n) => Math.round(real / steps[n]!));
  if (!codes.every((code) => Math.abs(code) < MAX_BIAS)) return undefined;
  return Tensor.fromNumbers('int32', [codes.length], codes);
}

function toFloats(layer: Layer, last: Node, bias: Bias | undefined, compilation: Compilation): void {
  const offset = bias && !bias.codes ? Tensor.fromNumbers('float32', [bias.reals.length], bias.reals) : undefined;
  write(layer, last, [bias?.codes, offset], compilation, {
    result: attribute.string('float'),
    scales: attribute.floats(shortened(stepsOf(layer), layer)),
  });
}

const shortened = (scales: readonly number[], { weight }: Layer) =>
  weight.scales.length === 1 ? scales.slice(0, 1) : scales;

function write(
  layer: Layer,
  last: Node,
  [bias, offset]: readonly [Tensor | undefined, (Tensor | undefined)?],
  compilation: Compilation,
  attributes: Readonly<Record<string, AttributeValue>>,
): void {
  const { graph } = compilation;
  const { node, x, weight } = layer;
  const add = (tensor: Tensor | undefined, name: string) =>
    tensor && graph.addInitializer(`${node.output.name}_${name}`, tensor);
  const inputs = [x.codes, weight.codes, add(bias, 'bias'), undefined, undefined, undefined, add(offset, 'offset')];
  while (inputs.at(-1) === undefined) inputs.pop();
  replaceNode(compilation, last, {
    op: layer.op,
    name: node.name,
    inputs,
    attributes: {
      ...layer.attributes,
      x_zero_point: attribute.int(x.zeroPoint),
      ...(weight.zeroPoints.length > 0 ? { w_zero_points: attribute.ints(weight.zeroPoints) } : {}),
      ...attributes,
    },
  });
}
