import { GraphBuilder, type PlainAttribute } from '../builder.js';
import type { DType } from '../dtype.js';
import { attribute } from '../ir/attribute.js';
import { Graph } from '../ir/graph.js';
import { Tensor } from '../ir/tensor.js';
import { tensorType } from '../ir/value-type.js';
import { errorCode } from '../testing/error-code.js';
import { evaluate } from './evaluate.js';
import { runInOrt } from './testing/ort.js';

/** A model of one operator: input x fed, integer constants behind it. */
function single(
  op: string,
  x: Tensor,
  opset: number,
  rest: readonly number[][],
  attributes: Record<string, PlainAttribute>,
) {
  const g = new GraphBuilder('net', { opset, irVersion: 9 });
  const inputs = [g.input('x', x.dtype, x.dims), ...rest.map((values) => g.constant(values))];
  return g.output(g.op(op, inputs, attributes), 'y').model();
}

describe('Clip without a bound', () => {
  const values = [Infinity, -Infinity, NaN, 2];

  test.each([
    ['float32', 9, 2 ** 127 * (2 - 2 ** -23)],
    ['float32', 17, 2 ** 127 * (2 - 2 ** -23)],
    ['float64', 17, Number.MAX_VALUE],
  ] as const)(
    '%s at opset %d: infinities become the largest finite number, as in ONNX Runtime',
    async (dtype, opset, most) => {
      const x = Tensor.fromNumbers(dtype, [4], values);
      const model = single('Clip', x, opset, [], {});
      const found = evaluate(model, { x })['y']!.toFloat64();
      expect([...found]).toEqual([most, -most, NaN, 2]);
      expect(found).toEqual((await runInOrt(model, { x }))['y']!.toFloat64());
    },
  );

  test('float16 has its own', () => {
    const x = Tensor.fromNumbers('float16', [4], values);
    const found = evaluate(single('Clip', x, 17, [], {}), { x })['y']!.toFloat64();
    expect([...found]).toEqual([65504, -65504, NaN, 2]);
  });
});

describe('reductions of no elements', () => {
  const none = (dtype: DType) => Tensor.fromNumbers(dtype, [0, 2], []);
  const kinds = ['float32', 'int32', 'int64'].flatMap((dtype) =>
    ['ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceSum'].map((op) => [op, dtype as DType] as const),
  );

  test.each(kinds)('%s of %s', async (op, dtype) => {
    const model = single(op, none(dtype), 20, [[0]], {});
    const x = none(dtype);
    expect(evaluate(model, { x })['y']!.bytes()).toEqual((await runInOrt(model, { x }))['y']!.bytes());
  });

  test('of bools and bytes', () => {
    const reduced = (op: string, dtype: DType) =>
      evaluate(single(op, none(dtype), 20, [[0]], {}), { x: none(dtype) })['y']!.toIntegers();
    expect([reduced('ReduceMax', 'bool'), reduced('ReduceMin', 'bool')]).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect([reduced('ReduceMax', 'int8'), reduced('ReduceMin', 'uint8')]).toEqual([
      [-128, -128],
      [255, 255],
    ]);
  });

  test('an integer mean has no value', () => {
    const model = single('ReduceMean', none('int64'), 18, [[0]], {});
    expect(errorCode(() => evaluate(model, { x: none('int64') }))).toBe('ERR_EVAL_VALUE');
  });
});

describe('Squeeze of [1,3] with no axes', () => {
  const x = Tensor.fromNumbers('float32', [1, 3], [1, 2, 3]);

  test('an empty attribute is an absent one: every 1 goes, as in ONNX Runtime', async () => {
    const model = single('Squeeze', x, 11, [], { axes: attribute.ints([]) });
    expect(evaluate(model, { x })['y']!.dims).toEqual([3]);
    expect((await runInOrt(model, { x }))['y']!.dims).toEqual([3]);
  });

  test('an empty input is given, so nothing goes; ONNX Runtime takes it for absent', async () => {
    const model = single('Squeeze', x, 17, [[]], {});
    expect(evaluate(model, { x })['y']!.dims).toEqual([1, 3]);
    expect((await runInOrt(model, { x }))['y']!.dims).toEqual([3]);
  });
});

test('a Loop that never turns stacks nothing, of the dtype and shape its body declares', async () => {
  const g = new GraphBuilder('net');
  const trips = g.input('trips', 'int64', []);
  const body = new Graph('body');
  const [, condition] = [body.addInput('i', tensorType('int64', [])), body.addInput('c', tensorType('bool', []))];
  const row = body.addInitializer('row', Tensor.fromNumbers('int32', [2], [1, 2]));
  const kept = body.add({ op: 'Identity', inputs: [condition], outputs: ['kept'] }).output;
  const out = body.add({ op: 'Identity', inputs: [row], outputs: ['out'] }).output;
  for (const [value, dtype, dims] of [
    [kept, 'bool', []],
    [out, 'int32', [2]],
  ] as const) {
    body.setType(value, tensorType(dtype, dims));
    body.addOutput(value);
  }
  const y = g.op('Loop', [trips, g.constant(1, 'bool')], { body: attribute.graph(body) });
  const model = g.output(y, 'y', 'int32').model();
  for (const count of [0, 3]) {
    const feeds = { trips: Tensor.scalar('int64', count) };
    const [ours, theirs] = [evaluate(model, feeds)['y']!, (await runInOrt(model, feeds))['y']!];
    expect([ours.dtype, ours.dims, ours.toIntegers()]).toEqual([theirs.dtype, [count, 2], theirs.toIntegers()]);
  }
});

describe('Unsqueeze', () => {
  const x = Tensor.fromNumbers('float32', [2], [1, 2]);

  test('an axis named twice is refused, as in ONNX Runtime', async () => {
    const model = single('Unsqueeze', x, 17, [[0, -3]], {});
    expect(errorCode(() => evaluate(model, { x }))).toBe('ERR_EVAL_SHAPE');
    await expect(runInOrt(model, { x })).rejects.toThrow();
  });

  test('a rank of 200,000 takes no time', () => {
    const axes = Array.from({ length: 200_000 }, (_, i) => i);
    expect(evaluate(single('Unsqueeze', x, 17, [axes], {}), { x })['y']!.dims).toHaveLength(200_001);
  });
});
