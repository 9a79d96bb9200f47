import { type Model, type Node, Tensor, type Value } from '@gossamer/graph';
import { type Mask, maskRow, sparsityOf } from '../cases/mask.js';
import { type SeededRandom, seededRandom } from '../seeded-random.js';

/** A masked model, and what was masked. */
export interface MaskedModel {
  readonly model: Model;
  /** Share of zeros in the weights that were masked. */
  readonly sparsity: number;
  /** Operators whose weights were masked, by their type in the model. */
  readonly layers: number;
}

/** An int8 weight of a product, seen as rows of one output each. */
interface WeightRows {
  readonly value: Value;
  readonly outputs: number;
  readonly inputs: number;
  /** Index in the tensor of the weight of `output` at place `i` of its window order. */
  readonly at: (output: number, i: number) => number;
}

/**
 * Puts a mask on the int8 weights of a quantized model: of convolutions (along each output's kernel positions, the channels of each side by
 * side, as the activations lie in memory) and of matrix products (along the input axis). Depthwise and other grouped convolutions stay dense,
 * and in a network with convolutions its first and last product, which read the picture and give the classes. The model given does not
 * change.
 */
export function maskWeights(model: Model, mask: Mask, seed = 0): MaskedModel {
  const masked = model.clone();
  const random = seededRandom(seed);
  const products = [...masked.graph.nodes()].flatMap((node) => {
    const rows = weightRows(node);
    return rows ? [rows] : [];
  });
  const hasConvolutions = [...masked.graph.nodes()].some(({ op }) => op === 'Conv');
  const inner = (hasConvolutions ? products.slice(1, -1) : products).filter(({ inputs }) => inputs > 0);
  let [zeros, total] = [0, 0];
  for (const rows of new Map(inner.map((found) => [found.value, found])).values()) {
    const tensor = maskTensor(rows, mask, random);
    masked.graph.setInitializer(rows.value, tensor.tensor);
    zeros += tensor.sparsity * tensor.tensor.length;
    total += tensor.tensor.length;
  }
  return { model: masked, sparsity: total === 0 ? 0 : zeros / total, layers: inner.length };
}

/** Undefined for what is no product of a constant int8 weight; `inputs` 0 for a grouped convolution. */
function weightRows(node: Node): WeightRows | undefined {
  if (!['Conv', 'Gemm', 'MatMul', 'MatMulInteger'].includes(node.op)) return undefined;
  const operand = node.inputs[1];
  const value = operand?.producer?.op === 'DequantizeLinear' ? operand.producer.inputs[0] : operand;
  const weight = value?.initializer;
  if (!value || weight?.dtype !== 'int8') return undefined;
  const dims = weight.dims;
  if (node.op === 'Conv') {
    const [outputs, channels, ...kernel] = dims as [number, number, ...number[]];
    const taps = kernel.reduce((product, size) => product * size, 1);
    const isGrouped = node.int('group', 1) !== 1;
    const at = (output: number, i: number) => (output * channels + (i % channels)) * taps + Math.floor(i / channels);
    return { value, outputs, inputs: isGrouped ? 0 : channels * taps, at };
  }
  if (dims.length !== 2) return undefined;
  const [first, second] = dims as [number, number];
  const isTransposed = node.op === 'Gemm' && node.int('transB', 0) === 1;
  return isTransposed
    ? { value, outputs: first, inputs: second, at: (output, i) => output * second + i }
    : { value, outputs: second, inputs: first, at: (output, i) => i * second + output };
}

function maskTensor(
  { value, outputs, inputs, at }: WeightRows,
  mask: Mask,
  random: SeededRandom,
): { tensor: Tensor; sparsity: number } {
  const { dims } = value.initializer!;
  const bytes = value.initializer!.bytes();
  const data = new Int8Array(bytes.length);
  data.set(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const row = new Int8Array(inputs);
  for (let output = 0; output < outputs; output++) {
    for (let i = 0; i < inputs; i++) row[i] = data[at(output, i)]!;
    maskRow(row, mask, random);
    for (let i = 0; i < inputs; i++) data[at(output, i)] = row[i]!;
  }
  return { tensor: Tensor.of('int8', dims, data), sparsity: sparsityOf(data) };
}
