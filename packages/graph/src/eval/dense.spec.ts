import { create, toBinary } from '@bufbuild/protobuf';
import { GraphBuilder } from '../builder.js';
import { Tensor } from '../ir/tensor.js';
import { parseModel } from '../onnx/index.js';
import { errorCode } from '../testing/error-code.js';
import { ModelProtoSchema } from '../testing/generated/onnx/onnx-ml_pb.js';
import { evaluate } from './evaluate.js';
import { runInOrt } from './testing/ort.js';

const x = Tensor.fromNumbers('float32', [2, 3], [1, 2, 3, 4, 5, 6]);

/** x + a sparse initializer of [2, 3] that holds 10 and 20. */
function adding(indices: Tensor, dims: readonly number[] = [2, 3]) {
  const g = new GraphBuilder('net');
  const sparse = g.graph.declare('sparse');
  g.graph.setInitializer(sparse, { dims, values: Tensor.fromNumbers('float32', [2], [10, 20]), indices });
  return g.output(g.op('Add', [g.input('x', 'float32', [2, 3]), sparse]), 'y', 'float32').model();
}

test.each([
  ['positions', Tensor.fromNumbers('int64', [2], [1, 5])],
  ['coordinates', Tensor.fromNumbers('int64', [2, 2], [0, 1, 1, 2])],
])('a sparse initializer given by %s, as ONNX Runtime reads it', async (_, indices) => {
  const found = evaluate(adding(indices), { x })['y']!.toFloat32();
  expect([...found]).toEqual([1, 12, 3, 4, 5, 26]);
  expect(found).toEqual((await runInOrt(adding(indices), { x }))['y']!.toFloat32());
});

test('indices outside, of another shape, and tensors without end are refused', () => {
  const code = (indices: Tensor, dims?: readonly number[]) => errorCode(() => evaluate(adding(indices, dims), { x }));
  expect(code(Tensor.fromNumbers('int64', [2], [1, 6]))).toBe('ERR_EVAL_VALUE');
  expect(code(Tensor.fromNumbers('int64', [2, 2], [0, 1, -1, 2]))).toBe('ERR_EVAL_VALUE');
  expect(code(Tensor.fromNumbers('int64', [1], [1]))).toBe('ERR_EVAL_SHAPE');
  expect(code(Tensor.fromNumbers('int64', [2, 3], [0, 0, 0, 1, 1, 1]))).toBe('ERR_EVAL_SHAPE');
  expect(code(Tensor.fromNumbers('int64', [2], [1, 5]), [2 ** 40])).toBe('ERR_EVAL_BUDGET');
});

test('a Constant whose value is sparse, read from a file', () => {
  const sparseTensor = {
    values: { dims: [2n], dataType: 1, floatData: [10, 20] },
    indices: { dims: [2n, 2n], dataType: 7, int64Data: [0n, 1n, 1n, 2n] },
    dims: [2n, 3n],
  };
  const node = { opType: 'Constant', output: ['y'], attribute: [{ name: 'sparse_value', type: 11, sparseTensor }] };
  const graph = { name: 'g', node: [node], output: [{ name: 'y' }] };
  const bytes = toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion: 8n, opsetImport: [{ version: 13n }], graph }),
  );
  const found = evaluate(parseModel(bytes), {})['y']!;
  expect(found.dims).toEqual([2, 3]);
  expect([...found.toFloat32()]).toEqual([0, 10, 0, 0, 0, 20]);
});
