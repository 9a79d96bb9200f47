import { GraphBuilder } from '../builder.js';
import { fromWeightMatrix, toWeightMatrix } from './weight-matrix.js';
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
  });
});
