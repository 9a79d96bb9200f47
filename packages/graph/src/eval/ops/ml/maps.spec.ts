import { GraphBuilder, type PlainAttribute } from '../../../builder.js';
import { attribute } from '../../../ir/attribute.js';
import { Tensor } from '../../../ir/tensor.js';
import { evaluate, evaluateValues } from '../../evaluate.js';
import type { EvalMap, EvalTensor, EvalValue } from '../../eval-value.js';
import { elementsOf } from '../../testing/same-as-ort.js';
import { toTensor } from '../../eval-value.js';

// onnxruntime-node takes and gives tensors only; what is expected here was given by ONNX Runtime 1.30 in Python, where not said otherwise.

const code = (expected: string) => expect.objectContaining({ code: expected });

function mapOf(entries: readonly (readonly [string | bigint, number | string])[]): EvalMap {
  const values = entries.map(([key, value]): [string | bigint, EvalTensor] => [
    key,
    typeof value === 'string'
      ? { kind: 'tensor', dtype: 'string', dims: [], data: [value] }
      : { kind: 'tensor', dtype: 'float32', dims: [], data: Float32Array.of(value) },
  ]);
  return { kind: 'map', key: typeof entries[0]?.[0] === 'string' ? 'string' : 'int64', entries: new Map(values) };
}

function run(op: string, input: EvalValue, attributes: Record<string, PlainAttribute>) {
  const g = new GraphBuilder('net', { domains: { 'ai.onnx.ml': 1 } });
  const x = g.graph.addInput('x', undefined);
  const model = g.output(g.op(op, [x], attributes, { domain: 'ai.onnx.ml' }), 'y').model();
  const result = evaluateValues(model, new Map([['x', input]])).get('y')!;
  if (result.kind !== 'tensor') throw new Error(`expected a tensor, received ${result.kind}`);
  const tensor = toTensor(result, 'float32');
  return [tensor.dtype, tensor.dims, elementsOf(tensor)];
}

describe('DictVectorizer', () => {
  const vocabulary = { string_vocabulary: attribute.strings(['a', 'c', 'b', 'z']) };

  test('puts values at the places of their keys (a vector, as the standard says; ONNX Runtime makes it one row)', () => {
    const map = mapOf([
      ['c', 8],
      ['a', 4],
    ]);
    expect(run('DictVectorizer', map, vocabulary)).toEqual(['float32', [4], [4, 8, 0, 0]]);
    const numbered = { int64_vocabulary: attribute.ints([7, 2n ** 62n]) };
    expect(run('DictVectorizer', mapOf([[2n ** 62n, 'x']]), numbered)).toEqual(['string', [2], ['', 'x']]);
  });

  test('a key outside the vocabulary is an error, as the standard says (ONNX Runtime passes over it)', () => {
    expect(() => run('DictVectorizer', mapOf([['q', 1]]), vocabulary)).toThrow(code('ERR_EVAL_VALUE'));
  });
});

describe('CastMap', () => {
  const map = mapOf([
    [3n, 1.5],
    [1n, 2],
    [7n, -1.9],
  ]);
  const sparse = (max_map: number) => ({ map_form: 'SPARSE', max_map });

  test('orders values by key, or puts them there', () => {
    expect(run('CastMap', map, {})).toEqual(['float32', [1, 3], [2, 1.5, Math.fround(-1.9)]]);
    const placed = [0, 2, 0, 1, 0, 0, 0, -1, 0];
    expect(run('CastMap', map, { cast_to: 'TO_INT64', ...sparse(9) })).toEqual(['int64', [1, 9], placed]);
    expect(() => run('CastMap', map, sparse(7))).toThrow(code('ERR_EVAL_VALUE'));
  });

  test('spells floats with six digits', () => {
    const wide = mapOf([
      [3n, 1.5],
      [1n, Infinity],
      [7n, 1e22],
    ]);
    const spelled = ['inf', '1.500000', '9999999778196308361216.000000'];
    expect(run('CastMap', wide, { cast_to: 'TO_STRING' })).toEqual(['string', [1, 3], spelled]);
    const one = mapOf([[1n, 2]]);
    expect(run('CastMap', one, { cast_to: 'TO_STRING', ...sparse(3) })[2]).toEqual(['0.f', '2.000000', '0.f']);
  });

  test('reads strings', () => {
    const texts = mapOf([
      [0n, '1.5'],
      [1n, '-2'],
    ]);
    expect(run('CastMap', texts, {})[2]).toEqual([1.5, -2]);
    expect(run('CastMap', texts, { cast_to: 'TO_INT64' })[2]).toEqual([1, -2]);
    expect(() => run('CastMap', mapOf([[0n, '1.5x']]), {})).toThrow(code('ERR_EVAL_VALUE'));
    expect(() => run('CastMap', mapOf([['a', 1]]), {})).toThrow(code('ERR_EVAL_INPUT'));
  });
});

describe('ZipMap', () => {
  const g = new GraphBuilder('net', { domains: { 'ai.onnx.ml': 1 } });
  const x = g.input('x', 'float32', ['n', 2]);
  const maps = g.op('ZipMap', [x], { classlabels_strings: attribute.strings(['no', 'yes']) }, { domain: 'ai.onnx.ml' });
  const model = g.output(maps, 'maps').model();
  const fed: EvalTensor = { kind: 'tensor', dtype: 'float32', dims: [2, 2], data: Float32Array.of(0.25, 0.75, 1, 0) };

  test('makes a map for each row', () => {
    const result = evaluateValues(model, new Map([['x', fed]])).get('maps');
    const spelled = result?.kind === 'sequence' && result.items.map((item) => item.kind === 'map' && [...item.entries]);
    const scalar = (value: number) => ({ kind: 'tensor', dtype: 'float32', dims: [], data: Float32Array.of(value) });
    expect(spelled).toEqual([
      [
        ['no', scalar(0.25)],
        ['yes', scalar(0.75)],
      ],
      [
        ['no', scalar(1)],
        ['yes', scalar(0)],
      ],
    ]);
  });

  test('is no tensor, and needs a column a key', () => {
    const tensor = (dims: readonly number[]) => Tensor.of('float32', dims, Float32Array.of(1, 2, 3, 4));
    expect(() => evaluate(model, { x: tensor([2, 2]) })).toThrow(code('ERR_EVAL_OUTPUT'));
    expect(() => evaluateValues(model, new Map([['x', { ...fed, dims: [1, 4] }]]))).toThrow(code('ERR_EVAL_SHAPE'));
  });
});
