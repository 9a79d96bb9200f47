import { GraphBuilder } from '../builder.js';
import { arrangeAsMatrix, fromWeightMatrix, toWeightMatrix } from './weight-matrix.js';
import { weightViews } from './weight-view.js';

const iota = (length: number) => Float32Array.from({ length }, (_, i) => i);

function viewOf(
  op: string,
  dims: readonly number[],
  attributes: Record<string, number> = {},
  inputDims = [1, 2, 4, 4],
) {
  const g = new GraphBuilder('one');
  const w = g.weight('w', dims, iota(dims.reduce((a, b) => a * b, 1)));
  const x = g.input('x', 'float32', inputDims);
  return weightViews(g.output(g.op(op, [x, w], attributes), 'y').model())[0]!;
}

describe('a weight as matrices', () => {
  it.each<[string, Parameters<typeof viewOf>, number[], number[]]>([
    ['MatMul lies transposed', ['MatMul', [2, 3], {}, [1, 2]], [1, 3, 2], [0, 3, 1, 4, 2, 5]],
    ['Gemm with transB lies as it is', ['Gemm', [3, 2], { transB: 1 }, [1, 2]], [1, 3, 2], [0, 1, 2, 3, 4, 5]],
    ['leading axes of MatMul are groups', ['MatMul', [2, 1, 2], {}, [2, 1, 1]], [2, 2, 1], [0, 1, 2, 3]],
    ['groups of Conv', ['Conv', [2, 1, 1, 2], { group: 2 }], [2, 1, 2], [0, 1, 2, 3]],
    ['ConvTranspose', ['ConvTranspose', [2, 1, 1, 2], {}], [1, 2, 2], [0, 2, 1, 3]],
    ['groups of ConvTranspose', ['ConvTranspose', [2, 1, 1, 2], { group: 2 }], [2, 2, 1], [0, 1, 2, 3]],
  ])('%s', (_, given, sizes, expected) => {
    const view = viewOf(...given);
    const { groups, rows, columns, data } = toWeightMatrix(view);
    expect([groups, rows, columns]).toEqual(sizes);
    expect([...data]).toEqual(expected);
    expect([...fromWeightMatrix(view, data)]).toEqual([...view.toFloat32()]);
    expect([...arrangeAsMatrix(view, Float64Array.from(data.keys()))]).toEqual(expected);
  });

  it('brings numbers that belong to stored elements to where the node reads those', () => {
    const g = new GraphBuilder('chain');
    const stored = g.weight('w', [2, 3], iota(6));
    const w = g.op('Transpose', [g.op('Identity', [stored])], { perm: [1, 0] });
    const model = g.output(g.op('MatMul', [g.input('x', 'float32', ['n', 3]), w]), 'y').model();
    const view = weightViews(model)[0]!;
    expect([...arrangeAsMatrix(view, Int32Array.from([9, 8, 7, 6, 5, 4]))]).toEqual([9, 8, 7, 6, 5, 4]);
    expect([...toWeightMatrix(view).data]).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
