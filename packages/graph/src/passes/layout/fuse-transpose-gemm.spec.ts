import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import { absoluteBound } from '../testing/absolute-bound.js';
import { applyPasses, expectWithin, kinds } from '../testing/check-pass.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';

const PASSES = ['fuse-transpose-gemm', 'eliminate-dead-code'];

interface Form {
  readonly op?: 'Gemm' | 'MatMul';
  readonly turned?: readonly ('a' | 'b')[];
  readonly transB?: number;
  readonly opset?: number;
  readonly rank?: 2 | 3;
}

/** a [n, 4] times b [4, 6], each handed in the other way round where it is turned. */
function build({ op = 'MatMul', turned = ['a'], transB = 0, opset = 13, rank = 2 }: Form) {
  const g = new GraphBuilder('net', { opset });
  const batch = rank === 3 ? [2] : [];
  const operand = (name: 'a' | 'b', rows: number | string, columns: number | string) => {
    if (!turned.includes(name)) return g.input(name, 'float32', [...batch, rows, columns]);
    const x = g.input(name, 'float32', [...batch, columns, rows]);
    return g.op('Transpose', [x], { perm: rank === 2 ? [1, 0] : [0, 2, 1] });
  };
  const [a, b] = [operand('a', 'n', 4), transB ? operand('b', 6, 4) : operand('b', 4, 6)];
  return g.output(g.op(op, [a, b], transB ? { transB } : {}), 'y').model();
}

test.each<[Form, number, number]>([
  [{}, 1, 0],
  [{ turned: ['b'] }, 0, 1],
  [{ turned: ['a', 'b'] }, 1, 1],
  [{ op: 'Gemm' }, 1, 0],
  [{ op: 'Gemm', turned: ['a', 'b'], transB: 1 }, 1, 0],
])('%j: transA = %i, transB = %i', async (form, transA, transB) => {
  const model = build(form);
  const { model: fused } = applyPasses(model, PASSES);
  const [gemm] = [...fused.graph.nodes()];
  expect(kinds(fused)).toEqual(['Gemm']);
  expect([gemm!.int('transA', 0), gemm!.int('transB', 0)]).toEqual([transA, transB]);
  for (const n of [1, 3]) {
    const dims = (name: 'a' | 'b') => model.graph.value(name)!.type as { shape?: readonly unknown[] };
    const sizes = (name: 'a' | 'b') => dims(name).shape!.map((dim) => (typeof dim === 'number' ? dim : n));
    const feeds = { a: randomTensor(sizes('a'), n), b: randomTensor(sizes('b'), n + 5) };
    const bound = absoluteBound(model, feeds, 2 * 4 * 2 ** -24);
    expectWithin(evaluate(fused, feeds), evaluate(model, feeds), bound);
    expectWithin(await runOnce(fused, feeds), await runOnce(model, feeds), bound);
  }
});

test.each<[string, Form]>([
  ['tensors of rank 3', { rank: 3 }],
  ['before opset 11, where Gemm needs a bias', { opset: 10 }],
  ['nothing turned', { turned: [] }],
])('stays: %s', (_, form) => {
  expect(applyPasses(build(form), PASSES).applied).toEqual([]);
});
