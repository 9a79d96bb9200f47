import { attribute, GossamerError, type Node, type Value } from '@gossamer/graph';
import type { Emitter } from '../../emit/emitter.js';
import type { TrainErrorCode } from '../../error-codes.js';

/** One of a cell's functions, as operators. */
export type Activate = (g: Emitter, x: Value) => Value;

interface Form {
  /** Defaults of alpha and beta, as many as it takes. */
  readonly defaults: readonly number[];
  emit(g: Emitter, x: Value, alpha: number, beta: number): Value;
}

const plain = (op: string): Form => ({ defaults: [], emit: (g, x) => g.op(op, [x]) });

/** The activations of recurrent operators by their names in lower case. Source: ONNX operator LSTM. */
const FORMS: Readonly<Record<string, Form>> = {
  relu: plain('Relu'),
  tanh: plain('Tanh'),
  sigmoid: plain('Sigmoid'),
  softsign: plain('Softsign'),
  softplus: plain('Softplus'),
  affine: { defaults: [1, 0], emit: (g, x, alpha, beta) => g.add(g.scale(x, alpha), g.constant(beta)) },
  leakyrelu: {
    defaults: [Math.fround(0.01)],
    emit: (g, x, alpha) => g.op('LeakyRelu', [x], { alpha: attribute.float(alpha) }),
  },
  thresholdedrelu: {
    defaults: [1],
    emit: (g, x, alpha) => g.where(g.op('Greater', [x, g.constant(alpha)]), x, g.constant(0)),
  },
  scaledtanh: { defaults: [1, 1], emit: (g, x, alpha, beta) => g.scale(g.op('Tanh', [g.scale(x, beta)]), alpha) },
  hardsigmoid: {
    defaults: [Math.fround(0.2), 0.5],
    emit: (g, x, alpha, beta) =>
      g.op('HardSigmoid', [x], { alpha: attribute.float(alpha), beta: attribute.float(beta) }),
  },
  elu: { defaults: [1], emit: (g, x, alpha) => g.op('Elu', [x], { alpha: attribute.float(alpha) }) },
};

/** The activations of each direction, `defaults` where the node names none. Each alpha and beta goes to the next that takes one. */
export function activationsOf(node: Node, defaults: readonly string[], directions: number): Activate[][] {
  const names = node.strings('activations', Array.from({ length: directions }, () => defaults).flat());
  if (names.length !== directions * defaults.length) {
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAINING_FORM',
      `node ${node.id}: expected ${directions * defaults.length} activations, received ${names.join(', ')}`,
    );
  }
  const alphas = [...node.floats('activation_alpha', [])];
  const betas = [...node.floats('activation_beta', [])];
  const all = names.map((name): Activate => {
    const key = name.toLowerCase();
    const form = Object.hasOwn(FORMS, key) ? FORMS[key] : undefined;
    if (!form) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_TRAINING_FORM',
        `node ${node.id}: expected activations of ${Object.keys(FORMS).join(', ')}, received ${name}`,
      );
    }
    const [first, second] = form.defaults;
    const alpha = first === undefined ? 0 : (alphas.shift() ?? first);
    const beta = second === undefined ? 0 : (betas.shift() ?? second);
    return (g, x) => form.emit(g, x, alpha, beta);
  });
  return Array.from({ length: directions }, (_, d) => all.slice(d * defaults.length, (d + 1) * defaults.length));
}
