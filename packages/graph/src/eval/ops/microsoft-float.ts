import { binary, type BinaryRule, unary } from '../elementwise.js';
import type { EvalTensor, NumberData } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { mapRows } from '../rows.js';
import { permute } from '../strided.js';
import { gelu, geluTanh, sigmoid } from './activation.js';
import { matmul } from './matmul.js';
import { moments } from './normalization.js';

const domain = 'com.microsoft';

const ADD: BinaryRule = { number: (a, b) => a + b };

/** A gate of x plus an optional bias. */
function biased(op: string, gate: (x: number) => number): Kernel {
  return defineKernel({
    op,
    domain,
    run: (call) => {
      const x = call.inputs[1] ? binary(call, call.tensor(0), call.tensor(1), ADD) : call.tensor(0);
      return [unary(call, x, { number: gate })];
    },
  });
}

/** The sum of input, skip and bias, normalised over the last axis; outputs: result, (mean, inverse deviation), the sum. */
function skipNormalization(call: KernelCall, centred: boolean): (EvalTensor | undefined)[] {
  const scaleAt = 2;
  const [shift, bias] = centred ? [call.optional(3), call.optional(4)] : [undefined, call.optional(3)];
  const joined = binary(call, call.tensor(0), call.tensor(1), ADD);
  const sum = bias ? binary(call, joined, bias, ADD) : joined;
  const epsilon = call.node.float('epsilon', Math.fround(1e-12));
  return [...normalised(call, sum, call.tensor(scaleAt), shift, epsilon, centred), sum];
}

function normalised(
  call: KernelCall,
  x: EvalTensor,
  scale: EvalTensor,
  shift: EvalTensor | undefined,
  epsilon: number,
  centred: boolean,
): (EvalTensor | undefined)[] {
  const [factors, addends] = [call.asNumbers(scale), shift && call.asNumbers(shift)];
  const y = mapRows(call, x, [x.dims.length - 1], (row) => {
    const { mean, variance } = moments(row);
    const power = centred ? variance : variance + mean * mean;
    const inverse = 1 / Math.sqrt(power + epsilon);
    for (let i = 0; i < row.length; i++) {
      row[i] = (row[i]! - (centred ? mean : 0)) * inverse * factors[i]! + (addends ? addends[i]! : 0);
    }
  });
  return [y, undefined, undefined];
}

/** MatMul with either operand transposed (last two axes, or the batch axes to the end) and a factor. */
function fusedMatMul(call: KernelCall): EvalTensor {
  const { node } = call;
  const flip = (x: EvalTensor, side: 'A' | 'B') => {
    const rank = x.dims.length;
    if (rank < 2) return x;
    let axes = x.dims.map((_, axis) => axis);
    // The first axis goes to the place before the last.
    if (node.int(`transBatch${side}`, 0) !== 0 && rank > 2) axes = [...axes.slice(1, -1), 0, rank - 1];
    if (node.int(`trans${side}`, 0) !== 0) axes = [...axes.slice(0, -2), axes[rank - 1]!, axes[rank - 2]!];
    return permute(call, x, axes);
  };
  const alpha = node.float('alpha', 1);
  const product = matmul(call, flip(call.tensor(0), 'A'), flip(call.tensor(1), 'B'));
  return alpha === 1 ? product : unary(call, product, { number: (x) => x * alpha });
}

/** Sums word, position and segment embeddings and normalises; outputs: result, mask index (lengths), the sum. */
function embedLayerNormalization(call: KernelCall): (EvalTensor | undefined)[] {
  const [ids, segments] = [call.integers(0), call.optionalIntegers(1)];
  const [batch = 0, sequence = 0] = call.tensor(0).dims;
  const words = call.tensor(2);
  const hidden = words.dims[1]!;
  const tables = [2, 3, 4].map((i) => call.inputs[i] && call.numbers(i));
  const positions = call.optionalIntegers(8);
  const target = call.allocate(words.dtype, [batch, sequence, hidden]);
  const to = target.data as NumberData;
  for (let row = 0; row < batch * sequence; row++) {
    const rows = [ids[row]!, positions ? positions[row]! : row % sequence, segments ? segments[row]! : 0];
    for (let i = 0; i < hidden; i++) {
      to[row * hidden + i] = tables.reduce((sum, table, k) => sum + (table ? table[rows[k]! * hidden + i]! : 0), 0);
    }
  }
  const mask = call.optionalIntegers(7);
  const lengths = Array.from({ length: batch }, (_, b) =>
    mask ? mask.slice(b * sequence, (b + 1) * sequence).reduce((sum, bit) => sum + bit, 0) : 0,
  );
  const [y] = normalised(
    call,
    target,
    call.tensor(5),
    call.tensor(6),
    call.node.float('epsilon', Math.fround(1e-12)),
    true,
  );
  return [y, call.result('int32', [batch], lengths), target];
}

export const microsoftFloat: readonly Kernel[] = [
  biased('Gelu', gelu),
  biased('BiasGelu', gelu),
  biased('FastGelu', geluTanh),
  defineKernel({
    op: 'QuickGelu',
    domain,
    run: (call) => {
      const alpha = call.node.float('alpha', Math.fround(1.702));
      return [unary(call, call.tensor(0), { number: (x) => x * sigmoid(alpha * x) })];
    },
  }),
  defineKernel({ op: 'SkipLayerNormalization', domain, run: (call) => skipNormalization(call, true) }),
  defineKernel({ op: 'SkipSimplifiedLayerNormalization', domain, run: (call) => skipNormalization(call, false) }),
  defineKernel({ op: 'EmbedLayerNormalization', domain, run: embedLayerNormalization }),
  defineKernel({ op: 'FusedMatMul', domain, run: (call) => [fusedMatMul(call)] }),
  // What FusedMatMul was called before.
  defineKernel({ op: 'TransposeMatMul', domain, run: (call) => [fusedMatMul(call)] }),
  // ONNX Runtime registers it in the standard's domain too, from opset 1 on.
  defineKernel({
    op: 'SimplifiedLayerNormalization',
    run: (call) => {
      const epsilon = call.node.float('epsilon', Math.fround(1e-5));
      return normalised(call, call.tensor(0), call.tensor(1), undefined, epsilon, false);
    },
  }),
];
