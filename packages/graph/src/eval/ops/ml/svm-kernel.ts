import type { KernelCall } from '../../kernel.js';
import { type Features, requireLength } from './features.js';

/** The similarity of a sample (a row of `x`) and a support vector (a row of `vectors`). */
type Similarity = (x: Features, row: number, vectors: readonly number[], vector: number) => number;

function dot(x: Features, row: number, vectors: readonly number[], vector: number): number {
  let sum = 0;
  for (let i = 0; i < x.width; i++) sum += x.data[row * x.width + i]! * vectors[vector * x.width + i]!;
  return sum;
}

function squaredDistance(x: Features, row: number, vectors: readonly number[], vector: number): number {
  let sum = 0;
  for (let i = 0; i < x.width; i++) sum += (x.data[row * x.width + i]! - vectors[vector * x.width + i]!) ** 2;
  return sum;
}

/** The kernel a node names, with kernel_params [gamma, coef0, degree]. */
function similarity(call: KernelCall): Similarity {
  const [gamma = 0, offset = 0, degree = 0] = call.node.floats('kernel_params', []);
  const kind = call.node.string('kernel_type', 'LINEAR');
  switch (kind) {
    case 'LINEAR':
      return dot;
    case 'POLY':
      return (...at) => (gamma * dot(...at) + offset) ** degree;
    case 'RBF':
      return (...at) => Math.exp(-gamma * squaredDistance(...at));
    case 'SIGMOID':
      return (...at) => Math.tanh(gamma * dot(...at) + offset);
    default:
      return call.fail('ERR_EVAL_OP', 'kernel_type', 'LINEAR, POLY, RBF or SIGMOID', kind);
  }
}

/** Similarities of every sample to `count` support vectors, a row each. Source: Chang and Lin, LIBSVM, 2011, section 2. */
export function similarities(call: KernelCall, x: Features, count: number): number[][] {
  const vectors = call.node.floats('support_vectors', []);
  requireLength(call, 'support_vectors', vectors.length, count * x.width);
  const similar = similarity(call);
  call.charge(x.rows * count * Math.max(1, x.width));
  return Array.from({ length: x.rows }, (_, row) =>
    Array.from({ length: count }, (__, vector) => similar(x, row, vectors, vector)),
  );
}

/** A linear function a class (liblinear: no support vectors): coefficients [classes, F] plus rho[0]. */
export function linearDecisions(call: KernelCall, x: Features, classes: number): number[][] {
  const coefficients = call.node.floats('coefficients', []);
  const [rho] = call.node.floats('rho', []);
  requireLength(call, 'coefficients', coefficients.length, classes * x.width);
  if (rho === undefined) call.fail('ERR_EVAL_SHAPE', 'rho', 'at least 1 element', 'none');
  call.charge(x.rows * classes * Math.max(1, x.width));
  return Array.from({ length: x.rows }, (_, row) =>
    Array.from({ length: classes }, (__, target) => dot(x, row, coefficients, target) + rho),
  );
}
