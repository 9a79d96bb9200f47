import { attribute, type AttributeValue, type Node, Tensor, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { attributesOf, onlyReader, replaceNode } from '../edit/node-edits.js';
import { isSum, otherOperand, perOutput, zeroPointsOf } from './integer-weight.js';

/**
 * MatMulInteger and ConvInteger with a constant weight become integer layers; the Cast, the products with scales and the bias behind them
 * part of it, where nothing else reads what lies between. com.microsoft's fused forms likewise. What quantizes the activations stays one
 * node for all layers that read it.
 */
export function fuseDynamicLayers(compilation: Compilation): void {
  for (const node of compilation.graph.nodes()) {
    if (node.isStandard('MatMulInteger') || node.isStandard('ConvInteger')) fuseStandard(node, compilation);
    if (node.domain !== 'com.microsoft' || !compilation.has('Int8Linear')) continue;
    if (node.op === 'DynamicQuantizeMatMul') fuseQuantizing(node, compilation);
    if (node.op === 'MatMulIntegerToFloat') fuseToFloat(node, compilation);
  }
}

interface Layer {
  readonly node: Node;
  readonly op: 'Int8Conv' | 'Int8Linear';
  readonly x: Value;
  readonly w: Value;
  readonly xZero: Value | undefined;
  readonly wZero: Tensor | undefined;
  readonly outputs: number;
  readonly axis: number;
  readonly rank: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

function readLayer(node: Node, compilation: Compilation): Layer | undefined {
  const [x, w, xZero, wZero] = [node.input(0)!, node.input(1)!, node.input(2), node.input(3)];
  const isConv = node.op === 'ConvInteger';
  const op = isConv ? 'Int8Conv' : 'Int8Linear';
  const rank = compilation.rankOf(x);
  const dims = w.constant?.dims;
  if (!dims || !rank || !compilation.has(op) || compilation.dtypeOf(x) !== 'uint8' || x.constant) return undefined;
  if (isConv ? rank < 3 || rank > 4 : rank < 2 || dims.length !== 2) return undefined;
  if (isConv && node.string('auto_pad', 'NOTSET') !== 'NOTSET') return undefined;
  if ((wZero && !wZero.constant) || (xZero && compilation.rankOf(xZero) !== 0 && !isSingle(xZero, compilation)))
    return undefined;
  const outputs = isConv ? dims[0]! : dims[1]!;
  const zeros = wZero?.constant;
  if (zeros && zeros.length !== 1 && zeros.length !== outputs) return undefined;
  const attributes = isConv ? attributesOf(node, 'auto_pad', 'kernel_shape') : { trans_b: attribute.int(0) };
  return { node, op, x, w, xZero, wZero: zeros, outputs, axis: isConv ? 1 : rank - 1, rank, attributes };
}

const isSingle = (value: Value, compilation: Compilation) => compilation.shapeOf(value)?.join() === '1';

function fuseStandard(node: Node, compilation: Compilation): void {
  const layer = readLayer(node, compilation);
  if (!layer) return;
  const scaled = scaledSum(layer, compilation);
  if (!scaled) return write(layer, node, { result: attribute.string('int32') }, [], compilation);
  const { last, xScale, scales } = scaled;
  const sum = onlyReader(last.output);
  const bias = sum && isSum(sum) ? biasOf(otherOperand(sum, last.output), layer) : undefined;
  writeFloat(layer, bias ? sum! : last, xScale, scales, bias, compilation);
}

interface Scaled {
  readonly last: Node;
  /** A scale that is known when the layer runs. */
  readonly xScale: Value | undefined;
  readonly scales: readonly number[];
}

/** The Cast to float32 behind the sums, and the products with scales behind that. */
function scaledSum(layer: Layer, compilation: Compilation): Scaled | undefined {
  const cast = onlyReader(layer.node.output);
  if (!cast?.isStandard('Cast') || compilation.dtypeOf(cast.output) !== 'float32') return undefined;
  const factors: Value[] = [];
  let last = cast;
  for (;;) {
    const product = onlyReader(last.output);
    if (!product?.isStandard('Mul')) break;
    const more = [...factors, ...factorsOf(otherOperand(product, last.output))];
    if (!combined(more, layer, compilation)) break;
    factors.splice(0, factors.length, ...more);
    last = product;
  }
  const found = combined(factors, layer, compilation);
  return found && { last, ...found };
}

/** What a product of scales is made of. */
function factorsOf(value: Value): Value[] {
  const { producer } = value;
  return producer?.isStandard('Mul') ? producer.inputs.flatMap((input) => factorsOf(input!)) : [value];
}

/** One scale of the run at most, of one element, times constants for each output. */
function combined(
  factors: readonly Value[],
  { axis, rank, outputs }: Layer,
  compilation: Compilation,
): Omit<Scaled, 'last'> | undefined {
  let xScale: Value | undefined;
  let scales: readonly number[] = [1];
  for (const value of factors) {
    if (value.constant) {
      const row = perOutput(value.constant, axis, rank, outputs);
      if (!row || row.dtype !== 'float32') return undefined;
      scales = multiplied(scales, Array.from(row.toFloat32()));
    } else if (!xScale && (compilation.rankOf(value) === 0 || isSingle(value, compilation))) xScale = value;
    else return undefined;
  }
  return { xScale, scales };
}

function multiplied(a: readonly number[], b: readonly number[]): number[] {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  return long.map((value, n) => Math.fround(value * short[short.length === 1 ? 0 : n]!));
}

function biasOf(value: Value, { axis, rank, outputs }: Layer): Tensor | undefined {
  const row = value.constant?.dtype === 'float32' ? perOutput(value.constant, axis, rank, outputs) : undefined;
  if (!row || row.length === outputs) return row;
  return Tensor.fromNumbers('float32', [outputs], new Float64Array(outputs).fill(row.item()));
}

/** A, B, scale of B, zero point of B, bias: A is quantized when the layer runs. */
function fuseQuantizing(node: Node, compilation: Compilation): void {
  const { graph } = compilation;
  const [a, scale, zero, bias] = [node.input(0)!, node.input(2)!, node.input(3), node.input(4)];
  const w = node.input(1)!;
  if (w.constant?.dims.length !== 2 || !scale.constant || (zero && !zero.constant) || (bias && !bias.constant)) return;
  const rank = compilation.rankOf(a);
  if (!rank || rank < 2) return;
  const quantize = graph.add(
    {
      op: 'DynamicQuantizeLinear',
      inputs: [a],
      outputs: ['codes', 'scale', 'zero'].map((name) => `${a.name}_${name}`),
    },
    { before: node },
  );
  const [x, xScale, xZero] = quantize.outputs as [Value, Value, Value];
  compilation.setType(x, 'uint8', compilation.shapeOf(a));
  compilation.setType(xScale, 'float32', []);
  compilation.setType(xZero, 'uint8', []);
  const layer = linear(node, rank, [x, w, xZero], zero?.constant);
  writeFloat(layer, node, xScale, Array.from(scale.constant.toFloat32()), bias?.constant, compilation);
}

/** A, B, their scales, their zero points, bias. */
function fuseToFloat(node: Node, compilation: Compilation): void {
  const [a, w, aScale, bScale] = [node.input(0)!, node.input(1)!, node.input(2)!, node.input(3)!];
  const [aZero, bZero, bias] = [node.input(4), node.input(5), node.input(6)];
  const rank = compilation.rankOf(a);
  if (!rank || rank < 2 || w.constant?.dims.length !== 2 || compilation.dtypeOf(a) !== 'uint8' || a.constant) return;
  if (!bScale.constant || (bZero && !bZero.constant) || (bias && !bias.constant)) return;
  if (compilation.rankOf(aScale) !== 0 && !isSingle(aScale, compilation)) return;
  const layer = linear(node, rank, [a, w, aZero], bZero?.constant);
  const scales = Array.from(bScale.constant.toFloat32());
  writeFloat(layer, node, aScale, scales, bias?.constant, compilation);
}

const linear = (
  node: Node,
  rank: number,
  [x, w, xZero]: readonly [Value, Value, Value | undefined],
  wZero: Tensor | undefined,
): Layer => ({
  node,
  op: 'Int8Linear',
  x,
  w,
  xZero,
  wZero,
  outputs: w.constant!.dims[1]!,
  axis: rank - 1,
  rank,
  attributes: { trans_b: attribute.int(0) },
});

function writeFloat(
  layer: Layer,
  last: Node,
  xScale: Value | undefined,
  scales: readonly number[],
  bias: Tensor | undefined,
  compilation: Compilation,
): void {
  const constant = xScale?.constant?.item();
  const all = constant === undefined ? scales : multiplied(scales, [constant]);
  const offset = bias && compilation.graph.addInitializer(`${layer.node.output.name}_offset`, bias);
  const attributes = { result: attribute.string('float'), scales: attribute.floats(all) };
  write(layer, last, attributes, [constant === undefined ? xScale : undefined, offset], compilation);
}

function write(
  layer: Layer,
  last: Node,
  attributes: Readonly<Record<string, AttributeValue>>,
  [xScale, offset]: readonly (Value | undefined)[],
  compilation: Compilation,
): void {
  const { node, op, x, w, xZero, wZero } = layer;
  const zeros = zeroPointsOf(wZero);
  const constantZero = xZero ? xZero.constant?.item() : 0;
  const inputs = [x, w, undefined, undefined, xScale, constantZero === undefined ? xZero : undefined, offset];
  while (inputs.at(-1) === undefined) inputs.pop();
  replaceNode(compilation, last, {
    op,
    name: node.name,
    inputs,
    attributes: {
      ...layer.attributes,
      ...(constantZero === undefined ? {} : { x_zero_point: attribute.int(constantZero) }),
      ...(zeros.length > 0 ? { w_zero_points: attribute.ints(zeros) } : {}),
      ...attributes,
    },
  });
}
