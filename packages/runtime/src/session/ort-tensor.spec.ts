import { type DType, GraphBuilder, Tensor } from '@gossamer/graph';
import { Session } from './session.js';
import { float32View, sliceRows, typedView } from './tensor-view.js';

const CASES: [DType, Tensor][] = [
  ['float32', Tensor.of('float32', [2], Float32Array.of(1.5, -0))],
  ['float64', Tensor.of('float64', [2], Float64Array.of(1e300, -2))],
  ['float16', Tensor.fromNumbers('float16', [2], [1.5, -2])],
  ['int8', Tensor.of('int8', [2], Int8Array.of(-128, 127))],
  ['uint8', Tensor.of('uint8', [2], Uint8Array.of(0, 255))],
  ['int16', Tensor.of('int16', [2], Int16Array.of(-32768, 32767))],
  ['uint16', Tensor.of('uint16', [2], Uint16Array.of(0, 65535))],
  ['int32', Tensor.of('int32', [2], Int32Array.of(-(2 ** 31), 7))],
  ['uint32', Tensor.of('uint32', [2], Uint32Array.of(0, 2 ** 32 - 1))],
  ['int64', Tensor.of('int64', [2], BigInt64Array.of(-(2n ** 63n), 7n))],
  ['uint64', Tensor.of('uint64', [2], BigUint64Array.of(0n, 2n ** 64n - 1n))],
  ['bool', Tensor.of('bool', [2], Uint8Array.of(0, 1))],
  [
    'string',
    Tensor.ofStrings(
      [2],
      ['a', 'ü€'].map((text) => new TextEncoder().encode(text)),
    ),
  ],
];

test.each(CASES)('%s goes through ONNX Runtime bit for bit', async (dtype, tensor) => {
  const g = new GraphBuilder('identity');
  const x = g.input('x', dtype, ['n']);
  const session = await Session.open(g.output(g.op('Identity', [x]), 'y', dtype, ['n']).model(), { threads: 1 });
  const { y } = await session.run({ x: tensor });
  expect([y!.dtype, y!.dims, y!.hash()]).toEqual([dtype, [2], tensor.hash()]);
  await session.dispose();
});

test('a type that ONNX Runtime cannot be fed is named', async () => {
  const g = new GraphBuilder('identity');
  const session = await Session.open(g.output(g.op('Identity', [g.input('x', 'float32', ['n'])]), 'y').model());
  const tensor = Tensor.fromNumbers('bfloat16', [1], [1]);
  await expect(session.run({ x: tensor })).rejects.toMatchObject({ code: 'ERR_FEEDS' });
  await session.dispose();
});

test('views share memory where bytes are aligned, and copy where they are not', () => {
  const data = Float32Array.of(1, 2, 3, 4);
  expect(typedView(Tensor.of('float32', [4], data)).buffer).toBe(data.buffer);
  const bytes = new Uint8Array(17);
  bytes.set(new Uint8Array(data.buffer), 1);
  const unaligned = Tensor.fromStorage('float32', [4], {
    byteLength: 16,
    read: (a, b) => bytes.subarray(1 + a, 1 + b),
  });
  expect([...float32View(unaligned)]).toEqual([1, 2, 3, 4]);
  expect([...float32View(Tensor.of('int8', [2], Int8Array.of(-1, 2)))]).toEqual([-1, 2]);
});

test('rows are cut without a copy', () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  const rows = sliceRows(Tensor.of('float32', [3, 2], data), 1, 3);
  expect([rows.dims, [...float32View(rows)]]).toEqual([
    [2, 2],
    [3, 4, 5, 6],
  ]);
  expect(typedView(rows).buffer).toBe(data.buffer);
  const text = Tensor.ofStrings(
    [2],
    ['a', 'b'].map((item) => new TextEncoder().encode(item)),
  );
  expect(new TextDecoder().decode(sliceRows(text, 1, 2).strings()[0])).toBe('b');
});
