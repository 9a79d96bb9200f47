import { GraphBuilder, type PlainAttribute } from '../../builder.js';
import { attribute } from '../../ir/attribute.js';
import { tensorType, type ValueType } from '../../ir/value-type.js';
import { inferTypes, spellType } from '../index.js';

/** The inferred type of output `index` of one operator of ai.onnx.ml, over inputs of these types. */
function inferred(op: string, types: readonly ValueType[], attributes: Record<string, PlainAttribute>, index = 0) {
  const g = new GraphBuilder('net', { domains: { 'ai.onnx.ml': 3 } });
  const inputs = types.map((type, i) => g.graph.addInput(`x${i}`, type));
  const outputs = g.ops(op, inputs, attributes, { domain: 'ai.onnx.ml', outputs: 2 });
  return spellType(inferTypes(g.output(outputs[index]!).model()).typeOf(outputs[index]!));
}

/** What a node that cannot be right has; inferTypes warns of it. */
const UNKNOWN = spellType(undefined);

const map = (key: 'string' | 'int64', dtype: 'float32' | 'string'): ValueType => ({
  kind: 'map',
  key,
  value: tensorType(dtype, []),
});

test('maps become tensors', () => {
  expect(inferred('DictVectorizer', [map('string', 'float32')], { string_vocabulary: attribute.strings(['a']) })).toBe(
    'float32[...]',
  );
  expect(inferred('CastMap', [map('int64', 'string')], { cast_to: 'TO_INT64' })).toBe('int64[1,?]');
  expect(inferred('CastMap', [map('int64', 'float32')], { cast_to: 'TO_STRING', map_form: 'SPARSE', max_map: 7 })).toBe(
    'string[1,7]',
  );
  expect(inferred('CastMap', [map('int64', 'float32')], { map_form: 'SPARSE', max_map: -7 })).toBe(UNKNOWN);
});

test('FeatureVectorizer puts its inputs side by side', () => {
  const [rows, row] = [tensorType('int32', [4, 9]), tensorType('int32', [9])];
  expect(inferred('FeatureVectorizer', [rows, rows], { inputdimensions: [9, 3] })).toBe('float32[4,12]');
  expect(inferred('FeatureVectorizer', [row], { inputdimensions: [9] })).toBe('float32[1,9]');
  expect(inferred('FeatureVectorizer', [row], { inputdimensions: [-9] })).toBe(UNKNOWN);
});

test('the scores of a support vector machine are as many as its classes, or its pairs of classes', () => {
  const scores = (classes: number, probabilities: Record<string, PlainAttribute> = {}) => {
    const labels = Array.from({ length: classes }, (_, i) => i);
    return inferred(
      'SVMClassifier',
      [tensorType('float32', [5, 2])],
      { classlabels_ints: labels, ...probabilities },
      1,
    );
  };
  expect([scores(2), scores(4), scores(4, { prob_a: attribute.floats([1]) })]).toEqual([
    'float32[5,2]',
    'float32[5,?]',
    'float32[5,4]',
  ]);
});
