import { dtypeFromCode } from '../../dtype.js';
import type { Dim } from '../../ir/dim.js';
import { requireRank, requireRankFrom } from '../arguments.js';
import type { Shape } from '../dims.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { inferGemm, productShape } from './matmul.js';

const domain = 'com.microsoft';

/** Sets [..., columns] for an input [..., depth]. */
function setProjected(context: InferenceContext, output: number, columns: Dim): void {
  const data = requireRankFrom(context, 0, 1);
  context.setTensor(output, context.dtypeOf(0), data && [...data.slice(0, -1), columns]);
}

/** Gated MLP of two packed weights; the sum with the skip is output 1. */
const mlp = defineRule({
  op: 'MatMulNBitsMlp',
  domain,
  infer(node, context) {
    setProjected(context, 0, node.int('N', undefined));
    context.set(1, context.typeOf(0));
  },
});

/** Query, key and value of packed weights; the sum with the skip is output 3. */
const qkv = defineRule({
  op: 'MatMulNBitsQkv',
  domain,
  infer(node, context) {
    setProjected(context, 0, node.int('Nq', undefined));
    for (const output of [1, 2]) setProjected(context, output, node.int('Nkv', undefined));
    context.set(3, context.typeOf(0));
  },
});

/** Weights [n, k] in blocks of small floats, however packed. */
const blockFloats = defineRule({
  op: ['MatMulBlockQuantizedFp4Weight', 'MatMulBlockQuantizedFp8Weight'],
  domain,
  infer: (_, context) => setProjected(context, 0, requireRank(context, 1, 2)?.[0]),
});

/** The shape of the packed weight is input 2. */
const fpQ4 = defineRule({
  op: 'MatMulFpQ4',
  domain,
  infer: (_, context) => setProjected(context, 0, context.dataOf(2)?.[1]),
});

const gemmFloat8 = defineRule({
  op: 'GemmFloat8',
  domain,
  infer: (node, context) => inferGemm(node, context, dtypeFromCode(node.int('dtype', 1))),
});

const turned = (shape: Shape | undefined, flag: number): Shape | undefined =>
  flag === 1 && shape ? [...shape.slice(0, -2), shape.at(-1), shape.at(-2)] : shape;

const sparseMatMul = defineRule({
  op: 'SparseToDenseMatMul',
  domain,
  infer(node, context) {
    const a = turned(requireRank(context, 0, 2), node.int('transA', 0));
    const b = turned(context.shapeOf(1), node.int('transB', 0));
    context.setTensor(0, context.dtypeOf(1), a && b && productShape(context, a, b));
  },
});

/** Weights are stored in one of several orders: the columns are not known by their shape. */
const orderedMatMul = defineRule({
  op: 'QOrderedMatMul',
  domain,
  infer: (_, context) => setProjected(context, 0, undefined),
});

/** Distances between the rows of two matrices. */
const distances = defineRule({
  op: 'CDist',
  domain,
  infer(_, context) {
    const [a, b] = [requireRank(context, 0, 2), requireRank(context, 1, 2)];
    context.setTensor(0, context.dtypeOf(0), [a?.[0], b?.[0]]);
  },
});

export const microsoftPackedMatMulRules = [
  mlp,
  qkv,
  blockFloats,
  fpQ4,
  gemmFloat8,
  sparseMatMul,
  orderedMatMul,
  distances,
];
