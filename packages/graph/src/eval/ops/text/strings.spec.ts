import { GraphBuilder } from '../../../builder.js';
import { attribute } from '../../../ir/attribute.js';
import { Tensor } from '../../../ir/tensor.js';
import { evaluate } from '../../evaluate.js';
import { texts } from '../../testing/ort.js';
import { type Attributes, elementsOf, evaluateOperator, expectSameAsOrt } from '../../testing/same-as-ort.js';

const code = (expected: string) => expect.objectContaining({ code: expected });
const ints = (dims: readonly number[], values: readonly number[]) => Tensor.fromNumbers('int64', dims, values);

const WORDS = texts([2, 3], ['a', 'b', 'ccc', 'd', 'é', '日本 😀']);
const LETTERS = texts([1, 4, 1, 2], [...'abcdefgh']);

/** Operators of the standard that take strings among other dtypes, as ONNX Runtime computes them. */
const LIKE_ORT: readonly [string, readonly Tensor[], Attributes, number?][] = [
  ['Equal', [WORDS, texts([3], ['a', 'é', 'ccc'])], {}],
  ['Where', [Tensor.of('bool', [3], Uint8Array.of(1, 0, 1)), WORDS, texts([2, 1], ['x', 'y'])], {}],
  ['Gather', [WORDS, ints([2], [2, -3])], { axis: 1 }],
  ['GatherElements', [WORDS, ints([1, 2], [1, -1])], { axis: 1 }],
  ['GatherND', [WORDS, ints([2, 2], [1, 2, 0, 0])], {}],
  ['ScatterND', [WORDS, ints([2, 2], [1, 2, 0, 0]), texts([2], ['p', 'q'])], {}],
  ['ScatterElements', [WORDS, ints([1, 2], [1, 0]), texts([1, 2], ['p', 'q'])], { axis: 1 }],
  ['Concat', [WORDS, WORDS], { axis: 1 }],
  ['Split', [WORDS], { axis: 0, num_outputs: 2 }, 2],
  ['Slice', [WORDS, ints([1], [2]), ints([1], [-9]), ints([1], [1]), ints([1], [-2])], {}],
  ['Transpose', [WORDS], {}],
  ['Reshape', [WORDS, ints([2], [3, -1])], {}],
  ['Flatten', [WORDS], {}],
  ['Squeeze', [texts([1, 2], ['a', 'b'])], {}],
  ['Unsqueeze', [WORDS, ints([1], [0])], {}],
  ['Expand', [texts([3], ['a', 'b', 'c']), ints([2], [2, 3])], {}],
  ['Tile', [WORDS, ints([2], [2, 1])], {}],
  ['Compress', [WORDS, Tensor.of('bool', [2], Uint8Array.of(0, 1))], { axis: 0 }],
  ['ReverseSequence', [WORDS, ints([2], [2, 3])], { batch_axis: 0, time_axis: 1 }],
  ['OneHot', [ints([2], [0, 2]), ints([1], [3]), texts([2], ['off', 'on'])], {}],
  ['Identity', [WORDS], {}],
  ['Shape', [WORDS], {}],
  ['Size', [WORDS], {}],
  ['Unique', [texts([6], ['b', 'a', 'b', 'é', 'Z', ''])], {}, 4],
  ['Unique', [texts([6], ['b', 'a', 'b', 'é', 'Z', ''])], { sorted: 0 }, 4],
  ['Unique', [texts([3, 2], ['b', 'a', 'b', 'a', 'a', 'c'])], { axis: 0 }, 4],
  ['Unique', [texts([3], ['\uffff', '😀', '\u{1f601}'])], {}, 4],
  ['Cast', [texts([5], ['1.5', '-2', 'NaN', 'INF', '-inf'])], { to: 1 }],
  ['Cast', [texts([3], ['15', '-2', '0'])], { to: 7 }],
  ['Cast', [Tensor.fromNumbers('float32', [5], [1.5, -2, NaN, Infinity, 3.1415927])], { to: 8 }],
  ['CastLike', [texts([1], ['1.5']), Tensor.fromNumbers('float32', [1], [0])], {}],
];

test.each(LIKE_ORT)('%s of strings %#', async (op, inputs, attributes, outputs = 1) => {
  await expectSameAsOrt(op, inputs, attributes, 0, { outputs });
});

/** The same where ONNX Runtime has no kernel for strings; expected by the standard's definitions. */
const BY_HAND: readonly [string, readonly Tensor[], Attributes, readonly number[], readonly (string | number)[]][] = [
  ['Pad', [texts([2], ['a', 'b']), ints([2], [1, 1])], {}, [4], ['', 'a', 'b', '']],
  ['Pad', [texts([2], ['a', 'b']), ints([2], [1, 1]), texts([], ['P'])], {}, [4], ['P', 'a', 'b', 'P']],
  ['Pad', [texts([2], ['a', 'b']), ints([2], [1, 1])], { mode: 'reflect' }, [4], ['b', 'a', 'b', 'a']],
  ['NonZero', [texts([3], ['a', '', 'c'])], {}, [1, 2], [0, 2]],
  ['DepthToSpace', [LETTERS], { blocksize: 2 }, [1, 1, 2, 4], [...'acbdegfh']],
  ['SpaceToDepth', [texts([1, 1, 2, 4], [...'acbdegfh'])], { blocksize: 2 }, [1, 4, 1, 2], [...'abcdefgh']],
  ['Trilu', [WORDS], {}, [2, 3], ['a', 'b', 'ccc', '', 'é', '日本 😀']],
  ['CenterCropPad', [texts([2], ['a', 'b']), ints([1], [4])], {}, [4], ['', 'a', 'b', '']],
];

test.each(BY_HAND)('%s of strings, by hand %#', (op, inputs, attributes, dims, expected) => {
  const [result] = evaluateOperator(op, inputs, attributes) as [Tensor];
  expect([result.dims, elementsOf(result)]).toEqual([dims, expected]);
});

test('GridSample and Resize move the nearest string', () => {
  const square = texts([1, 1, 2, 2], ['a', 'b', 'c', 'd']);
  const grid = Tensor.fromNumbers('float32', [1, 1, 3, 2], [-1, -1, 1, 1, 9, 9]);
  const [sampled] = evaluateOperator('GridSample', [square, grid], { mode: 'nearest', align_corners: 1 });
  expect(elementsOf(sampled!)).toEqual(['a', 'd', '']);
  expect(() => evaluateOperator('GridSample', [square, grid], { mode: 'linear' })).toThrow(code('ERR_EVAL_INPUT'));
  const beyond = Tensor.fromNumbers('float32', [8], [-9, -9, -9, -9, 9, 9, 9, 9]);
  const crop = { mode: 'nearest', coordinate_transformation_mode: 'tf_crop_and_resize' };
  const scales = Tensor.fromNumbers('float32', [4], [1, 1, 1, 1]);
  expect(() => evaluateOperator('Resize', [square, beyond, scales], crop)).toThrow(code('ERR_EVAL_INPUT'));
});

test('what has no meaning for strings is refused', () => {
  const one = texts([1], ['a']);
  const sums = { reduction: 'add' };
  expect(() => evaluateOperator('ScatterElements', [one, ints([1], [0]), one], sums)).toThrow(code('ERR_EVAL_INPUT'));
  const image = [texts([1, 1, 4], [...'abcd']), ints([2], [2, 2]), ints([2], [1, 1])];
  expect(() => evaluateOperator('Col2Im', image)).toThrow(code('ERR_EVAL_INPUT'));
  const mixed = [Tensor.of('bool', [1], Uint8Array.of(1)), one, ints([1], [0])];
  expect(() => evaluateOperator('Where', mixed)).toThrow(code('ERR_EVAL_INPUT'));
  for (const word of ['x', '', '1,5']) {
    for (const to of [1, 7, 9]) {
      expect(() => evaluateOperator('Cast', [texts([1], [word])], { to })).toThrow(code('ERR_EVAL_VALUE'));
    }
  }
});

test('tensors of strings are bounded', () => {
  const [huge, value] = [ints([1], [2 ** 30]), { value: texts([1], ['x']) }];
  expect(() => evaluateOperator('ConstantOfShape', [huge], value)).toThrow(code('ERR_EVAL_BUDGET'));
});

test('truth values are read as they are spelled', () => {
  const [spelled] = evaluateOperator('Cast', [Tensor.of('bool', [2], Uint8Array.of(0, 1))], { to: 8 });
  expect(elementsOf(evaluateOperator('Cast', [spelled!], { to: 9 })[0]!)).toEqual([0, 1]);
});

test('sequences and optionals hold strings', () => {
  const g = new GraphBuilder('net', { opset: 21, irVersion: 10 });
  const words = g.graph.addInitializer('words', WORDS);
  const rows = g.op('SplitToSequence', [words], { axis: 0, keepdims: 1 });
  const swapped = g.op('SequenceInsert', [rows, g.op('SequenceAt', [rows, g.constant(1)]), g.constant(0)]);
  const joined = g.op('ConcatFromSequence', [g.op('OptionalGetElement', [g.op('Optional', [swapped])])], { axis: 0 });
  const { y } = evaluate(g.output(joined, 'y').model(), {});
  const [first, second] = [elementsOf(WORDS).slice(0, 3), elementsOf(WORDS).slice(3)];
  expect(elementsOf(y!)).toEqual([...second, ...first, ...second]);
});

test('slices that differ in where a string ends are distinct', () => {
  const [distinct] = evaluateOperator('Unique', [texts([2, 2], ['a\0b', 'c', 'a', 'b\0c'])], { axis: 0 });
  expect(distinct!.dims).toEqual([2, 2]);
});

test('constants and loops carry strings', () => {
  const g = new GraphBuilder('net', { opset: 21, irVersion: 10 });
  const words = g.op('Constant', [], { value_strings: attribute.strings(['a', 'b']) });
  const filled = g.op('Expand', [g.op('Constant', [], { value_string: 'z' }), g.constant([2])]);
  const { y } = evaluate(g.output(g.op('StringConcat', [words, filled]), 'y').model(), {});
  expect(elementsOf(y!)).toEqual(['az', 'bz']);
});

describe('StringConcat and StringSplit', () => {
  const list = texts([2, 2], ['a,b', 'c', ',x,,y', 'héllo,日本']);

  test('StringConcat broadcasts', async () => {
    await expectSameAsOrt('StringConcat', [list, texts([2], ['', ' 😀'])], {}, 0);
    const numbers = Tensor.fromNumbers('int64', [1], [1]);
    expect(() => evaluateOperator('StringConcat', [list, numbers])).toThrow(code('ERR_EVAL_INPUT'));
    expect(() => evaluateOperator('StringConcat', [list, texts([3], ['', '', ''])])).toThrow(code('ERR_EVAL_SHAPE'));
  });

  test.each([undefined, 0, 1, 2, 9])('StringSplit, at most %s splits', async (maxsplit) => {
    const most: Attributes = maxsplit === undefined ? {} : { maxsplit };
    await expectSameAsOrt('StringSplit', [list], { delimiter: ',', ...most }, 0, { outputs: 2 });
    const words = texts([4], ['', '  a b  c ', 'a', '   ']);
    for (const delimiter of [{}, { delimiter: '' }]) {
      await expectSameAsOrt('StringSplit', [words], { ...delimiter, ...most }, 0, { outputs: 2 });
    }
  });

  test('white space is more than blanks; an empty string is one part between delimiters', () => {
    const split = (text: string, attributes: Attributes = {}) =>
      evaluateOperator('StringSplit', [texts([1], [text])], attributes, { outputs: 2 }).map(elementsOf);
    // ONNX Runtime splits at blanks only, and has no part of ''; this is what the standard says and its reference does.
    expect(split('\ta\nb\u2003c ')).toEqual([['a', 'b', 'c'], [3]]);
    expect(split('\ta\nb c\t', { maxsplit: 1 })).toEqual([['a', 'b c'], [2]]);
    expect(split('', { delimiter: ',' })).toEqual([[''], [1]]);
  });
});

describe('StringNormalizer', () => {
  const days = texts([5], ['monday', 'Monday', 'MONDAY', 'a', 'Tuesday']);
  // Needs no locale to be installed where the test runs.
  const locale = 'C';

  test.each(['NONE', 'LOWER', 'UPPER'])('%s', async (case_change_action) => {
    for (const is_case_sensitive of [0, 1]) {
      for (const stopwords of [['Monday'], ['monday', 'a'], []]) {
        const stops: Attributes = stopwords.length > 0 ? { stopwords: attribute.strings(stopwords) } : {};
        const own = { case_change_action, is_case_sensitive, locale, ...stops };
        await expectSameAsOrt('StringNormalizer', [days], own, 0);
        await expectSameAsOrt('StringNormalizer', [Tensor.ofStrings([1, 5], days.strings())], own, 0);
      }
    }
    const none = { case_change_action, locale, is_case_sensitive: 0, stopwords: attribute.strings(['a']) };
    await expectSameAsOrt('StringNormalizer', [texts([1, 2], ['a', 'A'])], none, 0);
  });

  const normalize = (value: string, attributes: Attributes) =>
    elementsOf(evaluateOperator('StringNormalizer', [texts([1], [value])], attributes)[0]!)[0];

  test('cases are those of the locale', () => {
    expect(normalize('Éß', { case_change_action: 'LOWER' })).toBe('éß');
    expect(normalize('ij', { case_change_action: 'UPPER', locale: 'tr_TR.UTF-8' })).toBe('İJ');
    expect(normalize('ij', { case_change_action: 'UPPER' })).toBe('IJ');
  });

  test('what it does not know is refused', () => {
    expect(() => normalize('a', { case_change_action: 'TITLE' })).toThrow(code('ERR_EVAL_OP'));
    expect(() => normalize('a', { locale: '?' })).toThrow(code('ERR_EVAL_OP'));
    const square = texts([2, 1], ['a', 'b']);
    expect(() => evaluateOperator('StringNormalizer', [square])).toThrow(code('ERR_EVAL_SHAPE'));
  });
});
