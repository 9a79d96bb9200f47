import { dtypeBits } from '../../dtype.js';
import type { EvalTensor, NumberData } from '../eval-value.js';
import { elementCount } from '../../ir/tensor.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { stridesOf } from '../strided.js';
import { multiply } from './matmul.js';
import { wrapIndex } from './gather.js';

const domain = 'com.microsoft';

/** Code `index` of `bits`-bit codes packed low bits first into bytes that start at `start`. */
function packedCode(bytes: NumberData, start: number, index: number, bits: number): number {
  const perByte = 8 / bits;
  const byte = bytes[start + Math.floor(index / perByte)]!;
  return (byte >> ((index % perByte) * bits)) & (2 ** bits - 1);
}

/**
 * The weight of MatMulNBits as [k, n]: codes [n, blocks, bytes], one scale per column and block, zero points packed per column (or one
 * float each, or 2^(bits - 1) without).
 */
function unpackWeight(call: KernelCall, k: number, n: number): Float64Array {
  const { node } = call;
  const [bits, block] = [node.int('bits', 4), node.int('block_size', 32)];
  const blocks = Math.ceil(k / block);
  const [codes, scales] = [call.numbers(1), call.numbers(2)];
  const zeros = call.inputs[3] && call.numbers(3);
  const packedZeros = zeros !== undefined && call.tensor(3).dtype === 'uint8';
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const groups = call.optionalIntegers(4);
  const round = call.precision === 'float32' ? Math.fround : (v: number) => v;
  const weight = new Float64Array(k * n);
  for (let column = 0; column < n; column++) {
    for (let row = 0; row < k; row++) {
      const code = packedCode(
        codes,
        (column * blocks + Math.floor(row / block)) * ((block * bits) / 8),
        row % block,
        bits,
      );
      const b = groups ? groups[row]! : Math.floor(row / block);
      const zero = packedZeros
        ? packedCode(zeros, column * zeroBytes, b, bits)
        : zeros
          ? zeros[column * blocks + b]!
          : 2 ** (bits - 1);
      weight[row * n + column] = round((code - zero) * scales[column * blocks + b]!);
    }
  }
  return weight;
}

/** x [.., k] times a block-quantized weight, plus a bias [n]. */
function matMulNBits(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const [k, n] = [call.node.int('K', 0), call.node.int('N', 0)];
  if (x.dims.at(-1) !== k) call.fail('ERR_EVAL_SHAPE', 'input', `[.., ${k}]`, `[${x.dims.join(',')}]`);
  const dims = [...x.dims.slice(0, -1), n];
  const rows = elementCount(x.dims.slice(0, -1));
  const sums = new Float64Array(rows * n);
  const starts = new Int32Array(1);
  call.charge(k * n);
  const shape = { m: rows, k, n, aStarts: starts, bStarts: starts, dims };
  multiply(call, shape, call.asNumbers(x), unpackWeight(call, k, n), sums);
  const bias = call.inputs[5] && call.numbers(5);
  if (bias) for (let i = 0; i < sums.length; i++) sums[i]! += bias[i % n]!;
  return call.result(x.dtype, dims, sums);
}

/**
 * Gather from block-quantized data: codes of int4 or uint4, or uint8 bytes of `bits`-bit codes packed along the last axis; one scale per
 * `block_size` codes of `quantize_axis`. Without zero points they are 0, for uint8 data 2^(bits - 1).
 */
function gatherBlockQuantized(call: KernelCall): EvalTensor {
  const { node } = call;
  const [data, indices, scale] = [call.tensor(0), call.integers(1), call.tensor(2)];
  const indexDims = call.tensor(1).dims;
  const bytes = data.dtype === 'uint8';
  const bits = bytes ? node.int('bits', 4) : dtypeBits(data.dtype);
  const perElement = bytes ? 8 / bits : 1;
  const dims = data.dims.map((dim, i) => (i === data.dims.length - 1 ? dim * perElement : dim));
  const axis = call.axis(node.int('gather_axis', 0), dims.length);
  const quantizeAxis = call.axis(node.int('quantize_axis', 1), dims.length);
  const block = node.int('block_size', 128);
  const [codes, scales] = [call.asNumbers(data), call.asNumbers(scale)];
  const zeros = call.inputs[3] && call.numbers(3);
  const [strides, scaleStrides] = [stridesOf(dims), stridesOf(scale.dims)];
  // Zero points of packed data are packed too, along their own last axis.
  const zeroRow = Math.ceil(scale.dims.at(-1)! / perElement);
  const [outer, inner] = [elementCount(dims.slice(0, axis)), elementCount(dims.slice(axis + 1))];
  const result = call.allocate(scale.dtype, [...dims.slice(0, axis), ...indexDims, ...dims.slice(axis + 1)]);
  const to = result.data as NumberData;
  const codeAt = (values: NumberData, at: number, row: number) =>
    bytes ? packedCode(values, Math.floor(at / row) * Math.ceil(row / perElement), at % row, bits) : values[at]!;
  for (let i = 0; i < outer * indices.length * inner; i++) {
    const place = wrapIndex(call, indices[Math.floor(i / inner) % indices.length]!, dims[axis]!);
    const at = (Math.floor(i / (inner * indices.length)) * dims[axis]! + place) * inner + (i % inner);
    const scaleAt = dims.reduce((sum, dim, k) => {
      const index = Math.floor(at / strides[k]!) % dim;
      return sum + (k === quantizeAxis ? Math.floor(index / block) : index) * scaleStrides[k]!;
    }, 0);
    const row = scale.dims.at(-1)!;
    const zero = !zeros
      ? bytes
        ? 2 ** (bits - 1)
        : 0
      : bytes
        ? packedZero(zeros, scaleAt, row, zeroRow, bits)
        : zeros[scaleAt]!;
    to[i] = (codeAt(codes, at, dims.at(-1)!) - zero) * scales[scaleAt]!;
  }
  return result;
}

const packedZero = (zeros: NumberData, at: number, row: number, bytesPerRow: number, bits: number): number =>
  packedCode(zeros, Math.floor(at / row) * bytesPerRow, at % row, bits);

export const microsoftQuantized: readonly Kernel[] = [
  defineKernel({ op: 'MatMulNBits', domain, run: (call) => [matMulNBits(call)] }),
  defineKernel({ op: 'GatherBlockQuantized', domain, run: (call) => [gatherBlockQuantized(call)] }),
];
