import { attribute } from '../../../ir/attribute.js';
import type { Value } from '../../../ir/value.js';
import { clip } from '../../activation.js';
import type { Emitter } from '../../emitter.js';
import { plainOperand } from '../../operand.js';
import { defineOp, type OpConverter } from '../tf-node.js';
import { broadcast } from '../../broadcast.js';

/** TensorFlow's name where it is not ONNX's. */
const SAME: Readonly<Record<string, string>> = {
  Abs: 'Abs',
  Acos: 'Acos',
  Acosh: 'Acosh',
  Asin: 'Asin',
  Asinh: 'Asinh',
  Atan: 'Atan',
  Atanh: 'Atanh',
  Ceil: 'Ceil',
  Cos: 'Cos',
  Cosh: 'Cosh',
  Elu: 'Elu',
  Erf: 'Erf',
  Exp: 'Exp',
  Floor: 'Floor',
  IsInf: 'IsInf',
  IsNan: 'IsNaN',
  Log: 'Log',
  LogicalNot: 'Not',
  Neg: 'Neg',
  Reciprocal: 'Reciprocal',
  Relu: 'Relu',
  Round: 'Round',
  Selu: 'Selu',
  Sigmoid: 'Sigmoid',
  Sign: 'Sign',
  Sin: 'Sin',
  Sinh: 'Sinh',
  Softplus: 'Softplus',
  Sqrt: 'Sqrt',
  Tan: 'Tan',
  Tanh: 'Tanh',
};

/** Results that ONNX has several nodes for. */
const COMPOSED: Readonly<Record<string, (e: Emitter, x: Value) => Value>> = {
  Expm1: (e, x) => e.op('Sub', [e.op('Exp', [x]), e.constant(1, 'float32')]),
  IsFinite: (e, x) => e.op('Not', [e.op('Or', [e.op('IsInf', [x]), e.op('IsNaN', [x])])]),
  Log1p: (e, x) => e.op('Log', [e.op('Add', [x, e.constant(1, 'float32')])]),
  Relu6: (e, x) => clip(e, x, 0, 6),
  Rsqrt: (e, x) => e.op('Reciprocal', [e.op('Sqrt', [x])]),
  Square: (e, x) => e.op('Mul', [x, x]),
};

/** Results that are the first operand: TF.js computes without side effects, training or checks. */
const PASS_THROUGH = ['Identity', 'Snapshot', 'StopGradient', 'FakeQuantWithMinMaxVars'];

export const unaryOps: readonly OpConverter[] = [
  ...Object.entries(SAME).map(([tf, onnx]) => defineOp(tf, (node) => node.e.elementwise(onnx, node.operand(0)))),
  ...Object.entries(COMPOSED).map(([tf, apply]) =>
    defineOp(tf, (node) => node.e.map(node.operand(0), (x) => apply(node.e, x))),
  ),
  defineOp(PASS_THROUGH, (node) => node.operand(0)),
  { ops: ['IdentityN'], convert: (node) => node.operands },
  defineOp('LeakyRelu', (node) =>
    node.e.elementwise('LeakyRelu', node.operand(0), { alpha: attribute.float(node.def.float('alpha', 0.2)) }),
  ),
  defineOp('ClipByValue', (node) => {
    const low = broadcast(node.e, [node.operand(0), node.operand(1)], (values) => node.e.op('Max', values));
    return broadcast(node.e, [low, node.operand(2)], (values) => node.e.op('Min', values));
  }),
  defineOp('Cast', (node) => {
    const to = node.def.dtype('DstT', undefined);
    if (to === undefined || to === 'string') throw node.error('DstT', 'a numeric type', String(to));
    return node.e.map(node.operand(0), (x) => node.e.cast(x, to));
  }),
  defineOp('ZerosLike', (node) => like(node.e, node.plain(0), 0)),
  defineOp('OnesLike', (node) => like(node.e, node.plain(0), 1)),
];

function like(e: Emitter, x: Value, value: number) {
  const dtype = e.dtypeOf(x) ?? 'float32';
  return plainOperand(e.op('Expand', [e.constant(value, dtype), e.op('Shape', [x])]));
}
