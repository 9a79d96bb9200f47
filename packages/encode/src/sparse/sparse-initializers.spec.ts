import { type DType, Graph, GraphBuilder, Model, Tensor } from '@gossamer/graph';
import { parseModel, serializeModel } from '@gossamer/graph/onnx';
import * as fc from 'fast-check';
import { toDenseInitializers, toSparseInitializers } from './sparse-initializers.js';

function modelOf(tensors: Readonly<Record<string, Tensor>>, irVersion = 8): Model {
  const g = new GraphBuilder('g', { irVersion });
  const x = g.input('x', 'float32', [1]);
  for (const [name, tensor] of Object.entries(tensors)) g.graph.addInitializer(name, tensor);
  return g.output(g.op('Relu', [x]), 'y').model();
}

const bytesOf = (model: Model) =>
  Object.fromEntries(
    [...model.graph.values()].flatMap(({ name, constant }) => (constant ? [[name, [...constant.bytes()]]] : [])),
  );

test('there and back, through a file, is the same bits, whatever the elements', () => {
  const bytes = fc.array(
    fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) }),
    {
      minLength: 240,
      maxLength: 240,
    },
  );
  fc.assert(
    fc.property(bytes, bytes, bytes, (a, b, c) => {
      const model = modelOf({
        f: Tensor.of('float32', [5, 12], Uint8Array.from(a)),
        i: Tensor.of('int8', [4, 60], Uint8Array.from(b)),
        u: Tensor.of('uint8', [240], Uint8Array.from(c)),
      });
      const before = serializeModel(model);
      const { model: sparse, tensors } = toSparseInitializers(model);
      for (const own of tensors) expect(own.bytes.after).toBeLessThan(own.bytes.before);
      const again = parseModel(serializeModel(sparse));
      expect([...again.graph.values()].filter((value) => value.sparse).map(({ name }) => name)).toEqual(
        tensors.map(({ name }) => name),
      );
      const { model: dense, tensors: back } = toDenseInitializers(again);
      expect(back.map(({ name, bytes: own }) => [name, own.after, own.before])).toEqual(
        tensors.map(({ name, bytes: own }) => [name, own.before, own.after]),
      );
      expect(bytesOf(dense)).toEqual(bytesOf(model));
      expect(serializeModel(model)).toEqual(before);
    }),
    { numRuns: 60 },
  );
});

test('only what becomes smaller, of dtypes that ONNX Runtime opens; -0 is an element', () => {
  const ones = (dtype: DType, count: number, of: number) =>
    Tensor.fromNumbers(
      dtype,
      [of],
      Array.from({ length: of }, (_, i) => (i < count ? 1 : 0)),
    );
  const { model, tensors } = toSparseInitializers(
    modelOf(
      {
        ...{ third: ones('float32', 30, 90), less: ones('float32', 29, 90), ninth: ones('int8', 10, 90) },
        ...{ few: ones('uint8', 9, 90), half: ones('float16', 1, 90), long: ones('int64', 1, 90) },
        none: ones('float32', 0, 90),
        minus: Tensor.fromNumbers('float32', [8], [-0, 0, 0, 0, 0, 0, 0, 0]),
      },
      4,
    ),
  );
  expect(tensors).toEqual([
    { name: 'less', bytes: { before: 360, after: 348 } },
    { name: 'few', bytes: { before: 90, after: 81 } },
    { name: 'minus', bytes: { before: 32, after: 12 } },
  ]);
  expect(model.irVersion).toBe(6);
  expect(toSparseInitializers(modelOf({ third: ones('float32', 30, 90) }, 4)).model.irVersion).toBe(4);
});

test('indices of one number an axis are read', () => {
  const graph = new Graph('g');
  graph.setInitializer(graph.declare('w'), {
    dims: [3, 4],
    values: Tensor.fromNumbers('float32', [2], [5, 7]),
    indices: Tensor.fromNumbers('int64', [2, 2], [0, 3, 2, 1]),
  });
  const model = new Model({ graph, irVersion: 8, opsets: new Map([['', 17]]) });
  const { model: dense } = toDenseInitializers(model);
  expect([...dense.graph.value('w')!.constant!.toFloat32()]).toEqual([0, 0, 0, 5, 0, 0, 0, 0, 0, 7, 0, 0]);
});
