import type { Value } from '../../../ir/value.js';
import { broadcast } from '../../broadcast.js';
import type { Emitter } from '../../emitter.js';
import type { Operand } from '../../operand.js';
import { defineOp, type OpConverter, type TfNode } from '../tf-node.js';

/** Two operands of one type: TF.js computes in float32 where one of them is. */
export function arithmetic(node: TfNode, apply: (e: Emitter, a: Value, b: Value) => Value, from = 0): Operand {
  const { e } = node;
  const [a, b] = [node.operand(from), node.operand(from + 1)];
  return broadcast(e, [a, b], (values) => {
    const mixed = e.dtypeOf(values[0]!) !== e.dtypeOf(values[1]!);
    const [x, y] = mixed ? values.map((value) => e.cast(value, 'float32')) : values;
    return apply(e, x!, y!);
  });
}

const isInt = (e: Emitter, value: Value) => e.dtypeOf(value) === 'int32';

/** Rounds down, integers too: ONNX's integer Div cuts towards zero, its Mod has the divisor's sign. */
function floorDivide(e: Emitter, a: Value, b: Value): Value {
  if (isInt(e, a)) return e.op('Div', [e.op('Sub', [a, e.op('Mod', [a, b])]), b]);
  return e.op('Floor', [e.op('Div', [a, b])]);
}

/** The remainder with the divisor's sign. */
function floorModulo(e: Emitter, a: Value, b: Value): Value {
  if (isInt(e, a)) return e.op('Mod', [a, b]);
  const remainder = e.op('Mod', [a, b], { fmod: 1 });
  return e.op('Mod', [e.op('Add', [remainder, b]), b], { fmod: 1 });
}

function divideNoNan(e: Emitter, a: Value, b: Value): Value {
  const zero = e.constant(0, 'float32');
  return e.op('Where', [e.op('Equal', [b, zero]), zero, e.op('Div', [a, b])]);
}

/** The angle of (x, y): atan(y / x) moved to the right half-plane; 0 at the origin. */
function atan2(e: Emitter, y: Value, x: Value): Value {
  const constant = (value: number) => e.constant(value, 'float32');
  const angle = e.op('Atan', [e.op('Div', [y, x])]);
  const isBelow = e.op('Less', [y, constant(0)]);
  const turn = e.op('Where', [isBelow, constant(-Math.PI), constant(Math.PI)]);
  const turned = e.op('Where', [e.op('Less', [x, constant(0)]), e.op('Add', [angle, turn]), angle]);
  const vertical = e.op('Mul', [e.op('Sign', [y]), constant(Math.PI / 2)]);
  return e.op('Where', [e.op('Equal', [x, constant(0)]), vertical, turned]);
}

const TABLE: Readonly<Record<string, (e: Emitter, a: Value, b: Value) => Value>> = {
  Add: (e, a, b) => e.op('Add', [a, b]),
  AddV2: (e, a, b) => e.op('Add', [a, b]),
  Atan2: atan2,
  BiasAdd: (e, a, b) => e.op('Add', [a, b]),
  // TF.js divides integers rounding down.
  Div: (e, a, b) => (isInt(e, a) ? floorDivide(e, a, b) : e.op('Div', [a, b])),
  DivNoNan: divideNoNan,
  FloorDiv: floorDivide,
  FloorMod: floorModulo,
  Maximum: (e, a, b) => e.op('Max', [a, b]),
  Minimum: (e, a, b) => e.op('Min', [a, b]),
  Mod: floorModulo,
  Mul: (e, a, b) => e.op('Mul', [a, b]),
  Pow: (e, a, b) => e.op('Pow', [a, b]),
  Prelu: (e, a, b) => e.op('PRelu', [a, b]),
  RealDiv: (e, a, b) => (isInt(e, a) ? floorDivide(e, a, b) : e.op('Div', [a, b])),
  SquaredDifference: (e, a, b) => {
    const difference = e.op('Sub', [a, b]);
    return e.op('Mul', [difference, difference]);
  },
  Sub: (e, a, b) => e.op('Sub', [a, b]),
};

export const binaryOps: readonly OpConverter[] = [
  ...Object.entries(TABLE).map(([op, apply]) => defineOp(op, (node) => arithmetic(node, apply))),
  defineOp('AddN', (node) =>
    node.operands
      .slice(1)
      .reduce((sum, x) => broadcast(node.e, [sum, x], (values) => node.e.op('Add', values)), node.operand(0)),
  ),
];
