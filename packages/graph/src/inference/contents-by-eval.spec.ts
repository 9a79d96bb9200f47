import { GraphBuilder, type PlainAttribute } from '../builder.js';
import type { DType } from '../dtype.js';
import { evaluate } from '../eval/evaluate.js';
import { Tensor } from '../ir/tensor.js';
import { inferTypes } from './index.js';

/** Numbers at the edges of each dtype: what inference says of their contents must be what the evaluator computes. */
const EDGES: Readonly<Partial<Record<DType, readonly (number | bigint)[]>>> = {
  int64: [0, 1, -1, 7, -7, 2 ** 31, 2 ** 53, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)],
  int32: [0, 1, -1, 7, -7, 2147483647, -2147483648, 3, 65536, 5],
  int8: [0, 1, -1, 7, -7, 127, -128, 3, 64, 5],
  uint8: [0, 1, 255, 7, 128, 3, 9, 2, 16, 5],
  float32: [0, -0, 1, -1, 0.5, 2.5, NaN, Infinity, -Infinity, 1e20],
  float64: [0, -0, 1, -1, 0.1, 1e20, 1e21, Infinity, -Infinity, 2 ** 53 + 2],
  float16: [0, -0, 1, 2049, 0.1, 65504, -1, 3, Infinity, NaN],
};

const ints = (values: readonly number[], dims: readonly number[] = [values.length]) =>
  Tensor.fromNumbers('int64', dims, values);

/** Operators over two tensors that broadcast, one, or one and constants. */
const BINARY = 'Add Sub Mul Div Mod Max Min Equal Less Greater LessOrEqual GreaterOrEqual Sum Pow'.split(' ');
const UNARY = 'Abs Neg Sign Ceil Floor Round Sqrt Reciprocal Identity Relu NonZero'.split(' ');
const REDUCTIONS = 'ReduceSum ReduceProd ReduceMax ReduceMin'.split(' ');

function* cases(dtype: DType): Iterable<[string, readonly Tensor[], Record<string, PlainAttribute>?, number?]> {
  const edges = EDGES[dtype]!;
  const list = Tensor.fromNumbers(dtype, [edges.length], edges);
  const column = list.reshaped([edges.length, 1]);
  for (const op of BINARY) yield [op, [column, list]];
  for (const op of UNARY) yield [op, [list]];
  for (const to of [1, 2, 3, 6, 7, 9, 11]) yield ['Cast', [list], { to }];
  for (const op of REDUCTIONS) {
    yield [op, [list.reshaped([5, 2]), ints([1])], { keepdims: 0 }];
    yield [op, [list, ints([], [0])], { noop_with_empty_axes: 1 }];
    yield [op, [Tensor.fromNumbers(dtype, [0, 2], []), ints([0])]];
  }
  for (const [start, end, step] of [
    [0, 99, 1],
    [-1, -99, -1],
    [5, 0, -2],
    [-3, 3, 1],
    [99, -99, -3],
  ] as const) {
    yield ['Slice', [list, ints([start]), ints([end]), ints([0]), ints([step])]];
  }
  yield ['Gather', [list, ints([-1, 0, 1], [1, 3])]];
  yield ['Concat', [list, list], { axis: -1 }];
  yield ['Tile', [list, ints([2])]];
  yield ['Expand', [column, ints([2, 1, 2])]];
  yield ['Transpose', [list.reshaped([5, 2])]];
  yield ['Pad', [list, ints([1, -2])]];
  yield ['Split', [list], { num_outputs: 3 }, 3];
  yield ['Reshape', [list, ints([-1, 5])]];
}

test.each(Object.keys(EDGES) as DType[])('%s: shapes and contents are those that eval computes', (dtype) => {
  const wrong: string[] = [];
  let known = 0;
  for (const [op, inputs, attributes = {}, outputs = 1] of cases(dtype)) {
    const g = new GraphBuilder('net', { opset: 18, irVersion: 9 });
    const values = inputs.map((tensor) => g.graph.addInitializer('c', tensor));
    const results = g.ops(op, values, attributes, { outputs });
    results.forEach((value, index) => g.output(value, `y${index}`));
    const model = g.model();
    let found: Readonly<Record<string, Tensor>>;
    try {
      found = evaluate(model, {});
    } catch {
      // Division by 0 and operators the dtype does not have: nothing to compare with.
      continue;
    }
    const types = inferTypes(model);
    for (const value of results) {
      const tensor = found[value.name]!;
      const label = `${op} ${JSON.stringify(attributes)} ${value.name}`;
      const shape = types.shapeOf(value)?.map((dim, axis) => dim ?? tensor.dims[axis]);
      if (String(shape) !== String(tensor.dims)) wrong.push(`${label}: [${shape}], eval [${tensor.dims}]`);
      tensor.toFloat64().forEach((element, index) => {
        const inferred = types.dataOf(value)?.[index];
        // Clamped bounds stand for any larger integer.
        if (typeof inferred !== 'number' || Math.abs(inferred) >= Number.MAX_SAFE_INTEGER) return;
        known++;
        if (inferred !== element) wrong.push(`${label}[${index}]: ${inferred}, eval ${element}`);
      });
    }
  }
  expect(wrong).toEqual([]);
  expect(known).toBeGreaterThan(200);
});
