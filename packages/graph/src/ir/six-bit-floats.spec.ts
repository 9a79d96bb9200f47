import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '../testing/generated/onnx/onnx-ml_pb.js';
import { parseModel, serializeModel } from '../onnx/index.js';
import { inferTypes } from '../inference/index.js';
import { spellType } from '../inference/declared.js';
import { Tensor } from './tensor.js';

/** The codes 0 to 63 in raw_data, and the values of the first 32, as onnx 1.23.1 (numpy_helper, ml_dtypes) has them. */
const PACKED = '40200c44611c48a22c4ce33c50244d54655d58a66d5ce77d60288e64699e68aaae6cebbe702ccf746ddf78aeef7cefff';
const CODES = Array.from({ length: 64 }, (_, code) => code);
const E2M3 = [
  0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 1.125, 1.25, 1.375, 1.5, 1.625, 1.75, 1.875, 2, 2.25, 2.5, 2.75, 3,
  3.25, 3.5, 3.75, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5,
];
const E3M2 = [
  0, 0.0625, 0.125, 0.1875, 0.25, 0.3125, 0.375, 0.4375, 0.5, 0.625, 0.75, 0.875, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4,
  5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28,
];
const FORMATS = [
  ['float6e2m3', 27, E2M3],
  ['float6e3m2', 28, E3M2],
] as const;

const modelWith = (dataType: number, content: object) =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 14n,
      opsetImport: [{ version: 28n }],
      graph: {
        name: 'g',
        initializer: [{ name: 'w', dims: [64n], dataType, ...content }],
        node: [{ opType: 'Identity', input: ['w'], output: ['y'] }],
        output: [{ name: 'y' }],
      },
    }),
  );

test.each(FORMATS)('%s: every code of raw_data decodes, encodes and is written as it was', (dtype, code, values) => {
  const all = [...values, ...values.map((value) => -value)];
  const tensor = Tensor.of(dtype, [64], Buffer.from(PACKED, 'hex'));
  expect([...tensor.toFloat64()]).toEqual(all);
  expect(Buffer.from(Tensor.fromNumbers(dtype, [64], all).bytes()).toString('hex')).toBe(PACKED);
  const bytes = modelWith(code, { rawData: Buffer.from(PACKED, 'hex') });
  const model = parseModel(bytes);
  expect([...model.graph.value('w')!.initializer!.toFloat32()]).toEqual(all);
  expect(spellType(inferTypes(model).typeOf(model.graph.outputs[0]!))).toBe(`${dtype}[64]`);
  expect(Buffer.compare(serializeModel(model), bytes)).toBe(0);
});

test.each(FORMATS)('%s: int32_data hold one element an entry', (dtype, code, values) => {
  const tensor = parseModel(modelWith(code, { int32Data: CODES })).graph.value('w')!.initializer!;
  expect([tensor.dtype, Buffer.from(tensor.bytes()).toString('hex')]).toEqual([dtype, PACKED]);
  expect(tensor.toFloat64()[31]).toBe(values[31]);
  const wide = parseModel(modelWith(code, { int32Data: [...CODES.slice(1), 64] }));
  expect(() => wide.graph.value('w')!.initializer!.bytes()).toThrow(
    expect.objectContaining({ code: 'ERR_INT_RANGE' }) as Error,
  );
});

test.each([
  [1, '3f'],
  [2, 'ff0f'],
  [3, 'ffff03'],
  [5, 'ffffff3f'],
])('%i elements end in zero bits', (count, hex) => {
  const tensor = Tensor.fromNumbers('float6e2m3', [count], new Array<number>(count).fill(-7.5));
  expect(Buffer.from(tensor.bytes()).toString('hex')).toBe(hex);
  expect([...tensor.toFloat64()]).toEqual(new Array<number>(count).fill(-7.5));
});
