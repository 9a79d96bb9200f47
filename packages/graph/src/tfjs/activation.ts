import type { Value } from '../ir/value.js';
import { broadcastOp } from './broadcast.js';
import type { Emitter } from './emitter.js';
import type { Operand } from './operand.js';

/** Bounds of a Clip as scalars. */
export function clip(e: Emitter, x: Value, min: number | undefined, max: number | undefined): Value {
  const bound = (value: number | undefined) => (value === undefined ? undefined : e.constant(value, 'float32'));
  return e.op('Clip', [x, bound(min), bound(max)]);
}

/** Activations of TF.js by the name that layers and fused operators use, without separators and in lower case. */
const ACTIVATIONS: Readonly<Record<string, (e: Emitter, x: Value) => Value>> = {
  linear: (_, x) => x,
  relu: (e, x) => e.op('Relu', [x]),
  relu6: (e, x) => clip(e, x, 0, 6),
  elu: (e, x) => e.op('Elu', [x]),
  selu: (e, x) => e.op('Selu', [x]),
  sigmoid: (e, x) => e.op('Sigmoid', [x]),
  // 0.2 and 0.5 are Keras's hard sigmoid; ONNX has the same defaults.
  hardsigmoid: (e, x) => e.op('HardSigmoid', [x], { alpha: 0.2, beta: 0.5 }),
  softplus: (e, x) => e.op('Softplus', [x]),
  softsign: (e, x) => e.op('Softsign', [x]),
  tanh: (e, x) => e.op('Tanh', [x]),
  swish: (e, x) => e.op('Mul', [x, e.op('Sigmoid', [x])]),
  mish: (e, x) => e.op('Mul', [x, e.op('Tanh', [e.op('Softplus', [x])])]),
  gelu: (e, x) => e.op('Gelu', [x]),
  gelunew: (e, x) => e.op('Gelu', [x], { approximate: 'tanh' }),
};

/** The name as the table has it. */
export const activationKey = (name: string): string => name.replaceAll(/[_\s]/g, '').toLowerCase();

/** Applies an activation by name, softmax over the last axis included; throws ERR_TFJS_NODE for an unknown one. */
export function activation(e: Emitter, name: string, x: Operand): Operand {
  const key = activationKey(name);
  if (key === 'softmax' || key === 'logsoftmax') return softmax(e, key === 'softmax' ? 'Softmax' : 'LogSoftmax', x);
  const apply = Object.hasOwn(ACTIVATIONS, key) ? ACTIVATIONS[key] : undefined;
  if (!apply) throw e.error('activation', Object.keys(ACTIVATIONS).join(', '), JSON.stringify(name.slice(0, 40)));
  return e.map(x, (value) => apply(e, value));
}

/** Softmax or LogSoftmax over the last axis. */
export function softmax(e: Emitter, op: 'Softmax' | 'LogSoftmax', x: Operand): Operand {
  if (x.channelsFirst && !x.plain) return e.elementwise(op, x, { axis: 1 });
  const plain = e.plain(x);
  return { plain: e.op(op, [plain], { axis: -1 }), channelsFirst: undefined };
}

/** x where it is positive, slope * x elsewhere; `slope` broadcasts. */
export function prelu(e: Emitter, x: Operand, slope: Operand): Operand {
  return broadcastOp(e, 'PRelu', [x, slope]);
}
