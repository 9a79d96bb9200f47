import type { DType } from '../../dtype.js';
import type { Node } from '../../ir/node.js';
import type { Dim } from '../../ir/dim.js';
import { requireRank, requireRankFrom } from '../arguments.js';
import { broadcastShapes, type Shape } from '../dims.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { agreedDim } from './concat.js';

/** The shape of a product as numpy.matmul has it; a vector counts as a row (first) or a column (second) that is dropped again. */
export function productShape(context: InferenceContext, a: Shape, b: Shape): Dim[] {
  if (a.length === 0 || b.length === 0) throw context.error('inputs', 'rank >= 1', a.length === 0 ? [...a] : [...b]);
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  agreedDim(context, left.at(-1), right.at(-2));
  const batch = broadcastShapes([left.slice(0, -2), right.slice(0, -2)]);
  if (!batch) throw context.error('inputs', 'batch axes that broadcast', `[${a.join(',')}] and [${b.join(',')}]`);
  if (a.length > 1) batch.push(left.at(-2));
  if (b.length > 1) batch.push(right.at(-1));
  return batch;
}

function inferMatMul(context: InferenceContext, dtype: DType | undefined, a = 0, b = 1): void {
  const [left, right] = [context.shapeOf(a), context.shapeOf(b)];
  context.setTensor(0, dtype, left && right ? productShape(context, left, right) : undefined);
}

/** Sets [rows, columns] of a product of matrices, each transposed where its attribute says so. */
export function inferGemm(node: Node, context: InferenceContext, dtype: DType | undefined, a = 0, b = 1): void {
  const flat = context.opset < 7 ? context.shapeOf(a)?.length : 2;
  const left = requireRank(context, a, flat ?? 2);
  const right = requireRank(context, b, 2);
  const [rows, depth] = oriented(left, node.int('transA', 0));
  const [height, columns] = oriented(right, node.int('transB', 0));
  agreedDim(context, depth, height);
  context.setTensor(0, dtype, [rows, columns]);
}

const oriented = (shape: Shape | undefined, transposed: number): [Dim, Dim] =>
  transposed === 1 ? [shape?.[1], shape?.[0]] : [shape?.[0], shape?.[1]];

/** FusedMatMul: transposes of the matrix axes, and of the batch axis into their place. */
function fusedOperand(shape: Shape | undefined, transpose: boolean, transposeBatch: boolean): Shape | undefined {
  if (!shape || shape.length < 2) return shape;
  let axes = [...shape];
  if (transposeBatch) axes = [...axes.slice(1, -1), axes[0], axes.at(-1)];
  return transpose ? [...axes.slice(0, -2), axes.at(-1), axes.at(-2)] : axes;
}

const domain = 'com.microsoft';

const fusedMatMul = defineRule({
  op: ['FusedMatMul', 'TransposeMatMul', 'FusedMatMulActivation'],
  domain,
  infer(node, context) {
    const flag = (name: string) => node.int(name, 0) === 1;
    const a = fusedOperand(context.shapeOf(0), flag('transA'), flag('transBatchA'));
    const b = fusedOperand(context.shapeOf(1), flag('transB'), flag('transBatchB'));
    context.setTensor(0, context.dtypeOf(0), a && b ? productShape(context, a, b) : undefined);
  },
});

/** Products with a packed weight: [..., K] x [K, N]. */
const packedMatMul = defineRule({
  op: ['MatMulNBits', 'MatMulBnb4'],
  domain,
  infer(node, context) {
    const data = requireRankFrom(context, 0, 1);
    const [depth, columns] = [node.int('K', undefined), node.int('N', undefined)];
    if (depth === undefined || columns === undefined) throw context.error('K and N', 'given', 'none');
    if (data) agreedDim(context, data.at(-1), depth);
    context.setTensor(0, context.dtypeOf(0), data && [...data.slice(0, -1), columns]);
  },
});

export const matMulRules = [
  defineRule({ op: 'MatMul', infer: (_, context) => inferMatMul(context, context.dtypeOf(0) ?? context.dtypeOf(1)) }),
  defineRule({ op: 'MatMulInteger', infer: (_, context) => inferMatMul(context, 'int32') }),
  defineRule({ op: 'QLinearMatMul', infer: (_, context) => inferMatMul(context, context.dtypeOf(7), 0, 3) }),
  defineRule({ op: 'Gemm', infer: (node, context) => inferGemm(node, context, context.dtypeOf(0)) }),
];

export const microsoftMatMulRules = [
  fusedMatMul,
  packedMatMul,
  defineRule({ op: 'FusedGemm', domain, infer: (node, context) => inferGemm(node, context, context.dtypeOf(0)) }),
  defineRule({ op: 'GemmFastGelu', domain, infer: (_, context) => inferMatMul(context, context.dtypeOf(0)) }),
  defineRule({ op: 'MatMulInteger16', domain, infer: (_, context) => inferMatMul(context, 'int32') }),
  defineRule({ op: 'MatMulIntegerToFloat', domain, infer: (_, context) => inferMatMul(context, context.dtypeOf(2)) }),
  defineRule({ op: 'DynamicQuantizeMatMul', domain, infer: (_, context) => inferMatMul(context, context.dtypeOf(0)) }),
  defineRule({
    op: 'QGemm',
    domain,
    infer(node, context) {
      // Without an output scale the result is not quantized.
      const dtype = context.has(7) ? (context.dtypeOf(8) ?? context.dtypeOf(0)) : context.dtypeOf(1);
      inferGemm(node, context, dtype, 0, 3);
    },
  }),
];
