import type { EvalTensor } from '../eval-value.js';
import { binary, unary } from '../elementwise.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { sigmoid, softplus } from './activation.js';
import { conv, convTranspose } from './conv.js';
import { gemm } from './matmul.js';

const domain = 'com.microsoft';

type Activation = (x: number) => number;

/** Activations by name; parameters come in the order of the attributes (activation_params, or activation_alpha, _beta, _gamma). */
const ACTIVATIONS: Readonly<Record<string, (a: number | undefined, b: number | undefined) => Activation>> = {
  Relu: () => (x) => (x < 0 ? 0 : x),
  Tanh: () => Math.tanh,
  Sigmoid: () => sigmoid,
  Softplus: () => softplus,
  Softsign: () => (x) => x / (1 + Math.abs(x)),
  LeakyRelu:
    (alpha = Math.fround(0.01)) =>
    (x) =>
      x < 0 ? alpha * x : x,
  ThresholdedRelu:
    (alpha = 1) =>
    (x) =>
      x > alpha ? x : 0,
  Elu:
    (alpha = 1) =>
    (x) =>
      x < 0 ? alpha * Math.expm1(x) : x,
  Clip:
    (low = -Infinity, high = Infinity) =>
    (x) =>
      Math.min(high, Math.max(low, x)),
  HardSigmoid:
    (alpha = Math.fround(0.2), beta = 0.5) =>
    (x) =>
      Math.max(0, Math.min(1, alpha * x + beta)),
};

function activated(call: KernelCall, x: EvalTensor, parameters: readonly (number | undefined)[]): EvalTensor {
  const name = call.node.string('activation', '');
  if (name === '') return x;
  const make = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (!make) call.fail('ERR_EVAL_OP', 'activation', Object.keys(ACTIVATIONS).join(', '), name);
  return unary(call, x, { number: make(parameters[0], parameters[1]) });
}

/** Conv, plus an addend of the result's shape, through an activation. */
function fusedConv(call: KernelCall): EvalTensor {
  const [y, addend] = [conv(call), call.optional(3)];
  const sum = addend ? binary(call, y, addend, { number: (a, b) => a + b }) : y;
  return activated(call, sum, call.node.floats('activation_params', []));
}

/** Gemm through an activation. */
function fusedGemm(call: KernelCall): EvalTensor {
  const { node } = call;
  const parameters = ['activation_alpha', 'activation_beta'].map((name) => node.float(name, undefined));
  return activated(call, gemm(call), parameters);
}

export const microsoftFused: readonly Kernel[] = [
  defineKernel({ op: 'FusedConv', domain, run: (call) => [fusedConv(call)] }),
  defineKernel({ op: 'FusedGemm', domain, run: (call) => [fusedGemm(call)] }),
  defineKernel({
    op: 'ConvTransposeWithDynamicPads',
    domain,
    run: (call) => [convTranspose(call, call.optionalIntegers(2), call.optional(3))],
  }),
];
