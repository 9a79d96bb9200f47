import type { EvalTensor } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { byHeads, joinHeads } from './attend.js';

/** How features are rotated. */
export interface Rotation {
  readonly cos: EvalTensor;
  readonly sin: EvalTensor;
  /** Pairs are neighbours; else feature i is paired with i + half. */
  readonly interleaved: boolean;
  /** The first features, that are rotated; 0 for all. */
  readonly rotated: number;
  /** Row of the tables for a token. */
  readonly position: (batch: number, token: number) => number;
}

/**
 * Rotates pairs of features of x [batch, heads, tokens, size] by angles whose cosines and sines are tabled by position. Source: Su et
 * al. 2021, RoFormer, equation 34.
 */
export function rotate(call: KernelCall, x: EvalTensor, rotation: Rotation): EvalTensor {
  const [batch = 0, heads = 0, tokens = 0, size = 0] = x.dims;
  const half = (rotation.rotated || size) / 2;
  const [from, cos, sin] = [call.asNumbers(x), call.asNumbers(rotation.cos), call.asNumbers(rotation.sin)];
  call.charge(from.length);
  if (!(2 * half <= size) || rotation.cos.dims.at(-1) !== half) {
    call.fail('ERR_EVAL_SHAPE', 'cos_cache', `${half} columns`, `[${rotation.cos.dims.join(',')}]`);
  }
  const y = Float64Array.from(from);
  for (let row = 0; row < batch * heads * tokens; row++) {
    const position = rotation.position(Math.floor(row / (heads * tokens)), row % tokens);
    const cache = position * half;
    if (!(cache >= 0 && cache + half <= cos.length)) {
      call.fail('ERR_EVAL_VALUE', 'position', `[0, ${cos.length / half})`, String(position));
    }
    for (let i = 0; i < half; i++) {
      const [first, second] = rotation.interleaved ? [2 * i, 2 * i + 1] : [i, i + half];
      const [a, b] = [from[row * size + first]!, from[row * size + second]!];
      y[row * size + first] = cos[cache + i]! * a - sin[cache + i]! * b;
      y[row * size + second] = sin[cache + i]! * a + cos[cache + i]! * b;
    }
  }
  return call.result(x.dtype, x.dims, y);
}

/** Rotates an input of rank 3 or 4 and gives it back in its own shape. */
function rotateInput(call: KernelCall, x: EvalTensor, heads: number, rotation: Rotation): EvalTensor {
  const result = rotate(call, byHeads(call, x, heads), rotation);
  return x.dims.length === 4 ? result : joinHeads(call, result);
}

/** The standard's: tables [positions, half] read by ids [batch, tokens], or without ids [batch, tokens, half]. */
function rotaryEmbedding(call: KernelCall): EvalTensor {
  const { node } = call;
  const x = call.tensor(0);
  const ids = call.optionalIntegers(3);
  const length = x.dims.length === 4 ? x.dims[2]! : x.dims[1]!;
  return rotateInput(call, x, node.int('num_heads', 1), {
    cos: call.tensor(1),
    sin: call.tensor(2),
    interleaved: node.int('interleaved', 0) === 1,
    rotated: node.int('rotary_embedding_dim', 0),
    position: (b, t) => (ids ? ids[b * length + t]! : b * length + t),
  });
}

/** ONNX Runtime's: tables [positions, half], read by ids [batch, tokens] or from one first position on. */
function microsoftRotaryEmbedding(call: KernelCall): EvalTensor {
  const { node } = call;
  const [x, ids, cos] = [call.tensor(0), call.integers(1), call.tensor(2)];
  if (node.int('is_packed_batching', 0) !== 0) call.fail('ERR_EVAL_OP', 'is_packed_batching', '0', '1');
  const rotated = 2 * cos.dims[1]!;
  const length = x.dims.length === 4 ? x.dims[2]! : x.dims[1]!;
  const single = call.tensor(1).dims.length === 1;
  // Without a number of heads a head is as wide as the tables.
  const heads = node.int('num_heads', 0) || (x.dims[2] ?? 0) / rotated;
  return rotateInput(call, x, heads, {
    cos,
    sin: call.tensor(3),
    interleaved: node.int('interleaved', 0) === 1,
    rotated: node.int('rotary_embedding_dim', 0) || rotated,
    position: (b, t) => (single ? ids[0]! + t : ids[b * length + t]!),
  });
}

export const rotaryKernels: readonly Kernel[] = [
  defineKernel({ op: 'RotaryEmbedding', run: (call) => [rotaryEmbedding(call)] }),
  defineKernel({ op: 'RotaryEmbedding', domain: 'com.microsoft', run: (call) => [microsoftRotaryEmbedding(call)] }),
];
