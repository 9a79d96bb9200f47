import { broadcastOp } from '../../broadcast.js';
import { defineOp, type OpConverter } from '../tf-node.js';
import { arithmetic } from './binary.js';

const TABLE: Readonly<Record<string, string>> = {
  Equal: 'Equal',
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
  LogicalAnd: 'And',
  LogicalOr: 'Or',
};

export const comparisonOps: readonly OpConverter[] = [
  ...Object.entries(TABLE).map(([tf, onnx]) =>
    defineOp(tf, (node) => arithmetic(node, (e, a, b) => e.op(onnx, [a, b]))),
  ),
  defineOp('NotEqual', (node) => arithmetic(node, (e, a, b) => e.op('Not', [e.op('Equal', [a, b])]))),
  defineOp(['Select', 'SelectV2'], (node) =>
    broadcastOp(node.e, 'Where', [node.operand(0), node.operand(1), node.operand(2)]),
  ),
];
