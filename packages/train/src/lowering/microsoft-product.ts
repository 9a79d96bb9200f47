import type { Node, Value } from '@gossamer/graph';
import type { Attributes, Emitter } from '../emit/emitter.js';
import { defineLowering } from './lowering.js';
import { fusedActivation } from './microsoft-activation.js';

const domain = 'com.microsoft';

/** The attributes of a node but those of what is fused behind it. */
function ownAttributes(node: Node): Attributes {
  const own = [...node.attributes].filter(([name]) => !name.startsWith('activation'));
  return Object.fromEntries(own.map(([name, { content }]) => [name, content]));
}

/** The first axis goes to the place before the last (transBatch), then the last two change places (trans). */
function oriented(g: Emitter, node: Node, x: Value, side: 'A' | 'B'): Value {
  const rank = g.rank(x);
  if (rank < 2) return x;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const isBatch = node.int(`transBatch${side}`, 0) !== 0 && rank > 2;
  const moved = isBatch ? g.transpose(x, [...axes.slice(1, -1), 0, rank - 1]) : x;
  return node.int(`trans${side}`, 0) !== 0 ? g.swapLast(moved) : moved;
}

/** alpha times the product of operands that may be transposed. */
export const fusedMatMulLowering = defineLowering({
  op: ['FusedMatMul', 'TransposeMatMul'],
  domain,
  lower(g, node, inputs) {
    const product = g.matmul(oriented(g, node, inputs[0]!, 'A'), oriented(g, node, inputs[1]!, 'B'));
    return [g.scale(product, node.float('alpha', 1))];
  },
});

/** Gemm through an activation. */
export const fusedGemmLowering = defineLowering({
  op: 'FusedGemm',
  domain,
  lower(g, node, inputs) {
    const parameters = ['activation_alpha', 'activation_beta'].map((name) => node.float(name, undefined));
    return [fusedActivation(g, node, g.op('Gemm', inputs, ownAttributes(node)), parameters)];
  },
});

/** Conv, plus an addend of the result's shape, through an activation. */
export const fusedConvLowering = defineLowering({
  op: 'FusedConv',
  domain,
  lower(g, node, inputs) {
    const y = g.op('Conv', inputs.slice(0, 3), ownAttributes(node));
    const sum = inputs[3] ? g.add(y, inputs[3]) : y;
    return [fusedActivation(g, node, sum, node.floats('activation_params', []))];
  },
});

/** Convolutions of x with channels last; the weight keeps its order, an addend has that of the result. */
export const nhwcConvLowering = defineLowering({
  op: ['NhwcConv', 'NhwcFusedConv'],
  domain,
  lower(g, node, inputs) {
    const [x, w, bias, addend] = inputs;
    const axes = g.shape(x!).map((_, axis) => axis);
    const [rank, spatial] = [axes.length, axes.slice(1, -1)];
    const images = g.transpose(x!, [0, rank - 1, ...spatial]);
    const y = g.transpose(g.op('Conv', [images, w, bias], ownAttributes(node)), [
      0,
      ...spatial.map((axis) => axis + 1),
      1,
    ]);
    return [fusedActivation(g, node, addend ? g.add(y, addend) : y, node.floats('activation_params', []))];
  },
});
