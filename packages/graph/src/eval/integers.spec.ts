import { GraphBuilder, type PlainAttribute } from '../builder.js';
import type { DType } from '../dtype.js';
import { attribute } from '../ir/attribute.js';
import { Tensor } from '../ir/tensor.js';
import { evaluate } from './evaluate.js';

/** The elements of an int32 or int64 tensor. */
function elements(tensor: Tensor): bigint[] {
  const { buffer } = tensor.bytes().slice();
  return tensor.dtype === 'int64' ? [...new BigInt64Array(buffer)] : [...new Int32Array(buffer)].map(BigInt);
}

/** One operator of the standard over constants; its elements. */
function run(op: string, inputs: readonly Tensor[], attributes: Record<string, PlainAttribute> = {}, opset = 18) {
  const g = new GraphBuilder('net', { opset, irVersion: 10 });
  const values = inputs.map((tensor) => g.graph.addInitializer('c', tensor));
  const found = evaluate(g.output(g.op(op, values, attributes), 'y').model(), {})['y']!;
  return elements(found);
}

const of = (dtype: DType, dims: readonly number[], values: readonly (number | bigint)[]) =>
  Tensor.fromNumbers(dtype, dims, values);
const BIG = 2147483647;

/** Two's complement, as every runtime stores it. */
const wrapped = (bits: number, value: bigint) => BigInt.asIntN(bits, value);
const square = BigInt(BIG) ** 2n;

describe.each([
  ['int32', 32],
  ['int64', 64],
] as const)('%s products wrap', (dtype, bits) => {
  const large = bits === 32 ? BigInt(BIG) : 2n ** 62n + 12345n;
  const [a, b] = [of(dtype, [1, 2], [large, 3]), of(dtype, [2, 1], [large, 5])];
  const product = wrapped(bits, large * large + 15n);

  test('MatMul, Gemm, Einsum', () => {
    expect(run('MatMul', [a, b])).toEqual([product]);
    expect(run('Gemm', [a, b, of(dtype, [1], [7])])).toEqual([wrapped(bits, product + 7n)]);
    expect(run('Einsum', [a, b], { equation: 'ij,jk->ik' })).toEqual([product]);
  });

  test('CumProd, ReduceProd, ReduceSumSquare', () => {
    const x = of(dtype, [3], [large, large, large]);
    const powers = [large, large ** 2n, large ** 3n].map((value) => wrapped(bits, value));
    expect(run('CumProd', [x, of('int64', [], [0])], {}, 26)).toEqual(powers);
    expect(run('ReduceProd', [x])).toEqual([powers[2]]);
    expect(run('ReduceSumSquare', [x])).toEqual([wrapped(bits, 3n * large ** 2n)]);
  });

  test('Pow, PRelu, ScatterElements', () => {
    const x = of(dtype, [2], [large, -large]);
    expect(run('Pow', [x, of(dtype, [1], [3])])).toEqual([wrapped(bits, large ** 3n), wrapped(bits, -(large ** 3n))]);
    expect(run('PRelu', [x, of(dtype, [1], [large])])).toEqual([large, wrapped(bits, -(large ** 2n))]);
    const scattered = [x, of('int64', [1], [0]), of(dtype, [1], [large])];
    expect(run('ScatterElements', scattered, { reduction: 'mul' })).toEqual([wrapped(bits, large ** 2n), -large]);
  });
});

test('powers of mixed integers, and negative exponents', () => {
  expect(run('Pow', [of('int32', [3], [3, -1, 2]), of('int64', [3], [40, -3, -1])])).toEqual([
    wrapped(32, 3n ** 40n),
    -1n,
    0n,
  ]);
  expect(run('Pow', [of('int64', [1], [3]), of('int32', [1], [50])])).toEqual([wrapped(64, 3n ** 50n)]);
});

test('64-bit integers are moved and added as they are', () => {
  const x = of('int64', [1, 1, 1, 2], [square, -square]);
  const resized = new GraphBuilder('net', { opset: 19 });
  const sizes = resized.constant([1, 1, 1, 4]);
  const y = resized.op('Resize', [resized.graph.addInitializer('x', x), undefined, undefined, sizes], {});
  const found = evaluate(resized.output(y, 'y').model(), {})['y']!;
  expect(elements(found)).toEqual([square, square, -square, -square]);
  const columns = of('int64', [1, 2, 2], [square, 1, 1, square]);
  const [image, block] = [of('int64', [2], [1, 3]), of('int64', [2], [1, 2])];
  expect(run('Col2Im', [columns, image, block])).toEqual([square, 2n, square]);
  expect(run('GridSample', [of('int64', [1, 1, 1, 1], [5]), of('float32', [1, 1, 1, 2], [0, 0])])).toEqual([5n]);
  expect(run('Shrink', [of('int64', [3], [-3, 0, 4])], { lambd: attribute.float(2) })).toEqual([-3n, 0n, 4n]);
});

test('Einsum takes capital letters, and digits of its own for the ellipsis', () => {
  const x = of('int32', [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
  expect(run('Einsum', [x], { equation: '...Ba->...aB' })).toEqual([1n, 3n, 2n, 4n, 5n, 7n, 6n, 8n]);
  expect(run('Einsum', [of('int32', [2, 2], [1, 2, 3, 4])], { equation: 'BA' })).toEqual([1n, 3n, 2n, 4n]);
});
