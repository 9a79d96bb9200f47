import type { Node } from '@gossamer/graph';
import type { TfjsOperator } from './operator.js';
import { binaryOperators } from './operators/binary.js';
import { blockOperators } from './operators/blocks.js';
import { castOperators } from './operators/cast.js';
import { convolutionGradientOperators } from './operators/convolution-gradients.js';
import { convolutionOperators } from './operators/convolution.js';
import { convolutionTransposeOperators } from './operators/convolution-transpose.js';
import { gatherOperators } from './operators/gather.js';
import { matmulOperators } from './operators/matmul.js';
import { moveOperators } from './operators/move.js';
import { normalizationOperators } from './operators/normalization.js';
import { orderOperators } from './operators/order.js';
import { poolGradientOperators } from './operators/pool-gradients.js';
import { poolOperators } from './operators/pool.js';
import { reduceOperators } from './operators/reduce.js';
import { resizeOperators } from './operators/resize.js';
import { shapeOperators } from './operators/shape.js';
import { softmaxOperators } from './operators/softmax.js';
import { unaryOperators } from './operators/unary.js';

const FAMILIES: readonly (readonly TfjsOperator[])[] = [
  binaryOperators,
  blockOperators,
  castOperators,
  convolutionGradientOperators,
  convolutionOperators,
  convolutionTransposeOperators,
  gatherOperators,
  matmulOperators,
  moveOperators,
  normalizationOperators,
  orderOperators,
  poolGradientOperators,
  poolOperators,
  reduceOperators,
  resizeOperators,
  shapeOperators,
  softmaxOperators,
  unaryOperators,
];

const OPERATORS = new Map<string, TfjsOperator>();
for (const operator of FAMILIES.flat()) {
  const kind = operator.domain === undefined ? operator.op : `${operator.domain}::${operator.op}`;
  if (OPERATORS.has(kind)) throw new Error(`operator ${kind}: is registered twice`);
  OPERATORS.set(kind, operator);
}

/** How the engine runs the operator of a node; undefined: it does not. */
export const findOperator = (node: Node): TfjsOperator | undefined => OPERATORS.get(node.kind);

/** Kinds of all operators, sorted. */
export const registeredKinds = (): string[] => [...OPERATORS.keys()].sort();
