import { fileCase, type HostileCase, type HostileFamily } from './hostile-case.js';
import type * as wire from '../../wire/index.js';
import * as parts from './onnx-parts.js';

type Fields = readonly wire.ChunkList[];

/** One node over the input `x` of these dims and the given initializers: analysed, folded where it can be, never run over a feed. */
function one(op: string, dims: readonly number[], inputs: readonly string[], initializers: Fields, attributes: Fields) {
  return parts.model(
    parts.graph(
      parts.input('x', dims),
      ...initializers.map(parts.initializer),
      parts.nodeField(parts.node(op, inputs, ['y'], attributes)),
      parts.output('y'),
    ),
  );
}

/** The same over constants only: passes fold it, so eval computes it. */
function folded(op: string, inputs: readonly string[], initializers: Fields, attributes: Fields) {
  return parts.model(
    parts.graph(
      ...initializers.map(parts.initializer),
      parts.nodeField(parts.node(op, inputs, ['y'], attributes)),
      parts.output('y'),
    ),
  );
}

const kernel = parts.floats('w', [1, 1, 1, 1], [1]);

const conv = (name: string, attribute: wire.ChunkList, expected = 'ERR_SHAPE') =>
  fileCase(`Conv with ${name}`, expected, () => one('Conv', [1, 1, 4, 4], ['x', 'w'], [kernel], [attribute]));

const convolutions: readonly HostileCase[] = [
  conv('group 0', parts.intAttribute('group', 0)),
  conv('group -1', parts.intAttribute('group', -1)),
  conv('group 2^40', parts.intAttribute('group', 2 ** 40)),
  conv('strides [0, 0]', parts.intsAttribute('strides', [0, 0])),
  conv('strides [-1, 1]', parts.intsAttribute('strides', [-1, 1])),
  conv('dilations [0, 0]', parts.intsAttribute('dilations', [0, 0])),
  conv('a kernel_shape of [2^31, 2^31]', parts.intsAttribute('kernel_shape', [2 ** 31, 2 ** 31])),
  conv('a kernel_shape of one axis', parts.intsAttribute('kernel_shape', [1])),
  conv('pads of three numbers', parts.intsAttribute('pads', [0, 0, 0])),
  conv('pads of -10', parts.intsAttribute('pads', [-10, -10, -10, -10])),
  conv('100,000 strides', parts.intsAttribute('strides', new Array<number>(100_000).fill(1))),
  fileCase('MaxPool with a kernel_shape of 2^31', 'ERR_SHAPE', () =>
    one('MaxPool', [1, 1, 4, 4], ['x'], [], [parts.intsAttribute('kernel_shape', [2 ** 31, 2 ** 31])]),
  ),
  fileCase('MaxPool with a kernel_shape of 0', 'ERR_SHAPE', () =>
    one('MaxPool', [1, 1, 4, 4], ['x'], [], [parts.intsAttribute('kernel_shape', [0, 0])]),
  ),
];

const axes: readonly HostileCase[] = [
  fileCase('Concat on axis 9', 'ERR_SHAPE', () =>
    one('Concat', [2, 2], ['x', 'x'], [], [parts.intAttribute('axis', 9)]),
  ),
  fileCase('Concat on axis -2^63', 'ERR_SHAPE', () =>
    one('Concat', [2, 2], ['x', 'x'], [], [parts.intAttribute('axis', -(2n ** 63n))]),
  ),
  fileCase('Softmax on axis 5', 'ERR_SHAPE', () => one('Softmax', [2, 2], ['x'], [], [parts.intAttribute('axis', 5)])),
  fileCase('Transpose by [0, 0]', 'ERR_SHAPE', () =>
    one('Transpose', [2, 2], ['x'], [], [parts.intsAttribute('perm', [0, 0])]),
  ),
  fileCase('Transpose by [0, 7]', 'ERR_SHAPE', () =>
    one('Transpose', [2, 2], ['x'], [], [parts.intsAttribute('perm', [0, 7])]),
  ),
  fileCase('Unsqueeze at 2^40', 'ERR_SHAPE', () =>
    one('Unsqueeze', [2], ['x', 'a'], [parts.longs('a', [2 ** 40])], []),
  ),
  fileCase('Gather out of range', 'ERR_SHAPE', () =>
    folded('Gather', ['w', 'i'], [parts.floats('w', [2], [1, 2]), parts.longs('i', [2 ** 40])], []),
  ),
  fileCase('Reshape to [-1, -1]', 'ERR_SHAPE', () => one('Reshape', [4], ['x', 's'], [parts.longs('s', [-1, -1])], [])),
  fileCase('Reshape to [2^62, 4]', 'ERR_SHAPE', () =>
    one('Reshape', [4], ['x', 's'], [parts.longs('s', [2n ** 62n, 4])], []),
  ),
];

const BIG = 2 ** 40;

/** Small files that ask for large tensors. */
const amplifiers: readonly HostileCase[] = [
  fileCase('Expand of constants to 2^40 elements', 'ERR_EVAL_BUDGET', () =>
    folded('Expand', ['w', 's'], [parts.floats('w', [1], [1]), parts.longs('s', [BIG])], []),
  ),
  fileCase('ConstantOfShape of 2^40 elements', 'ERR_EVAL_BUDGET', () =>
    folded('ConstantOfShape', ['s'], [parts.longs('s', [BIG])], []),
  ),
  fileCase('ConstantOfShape of -1', 'ERR_SHAPE', () => folded('ConstantOfShape', ['s'], [parts.longs('s', [-1])], [])),
  fileCase('Tile of constants 2^40 times', 'ERR_EVAL_BUDGET', () =>
    folded('Tile', ['w', 's'], [parts.floats('w', [1], [1]), parts.longs('s', [BIG])], []),
  ),
  fileCase('Pad of constants by 2^40', 'ERR_EVAL_BUDGET', () =>
    folded('Pad', ['w', 's'], [parts.floats('w', [1], [1]), parts.longs('s', [BIG, BIG])], []),
  ),
  fileCase('Range over 2^40 numbers', 'ERR_EVAL_BUDGET', () => {
    const bound = (name: string, value: number) =>
      parts.tensor({
        name,
        dims: [],
        type: 7,
        data: parts.raw(...new Uint8Array(BigInt64Array.of(BigInt(value)).buffer)),
      });
    return folded('Range', ['a', 'b', 'c'], [bound('a', 0), bound('b', BIG), bound('c', 1)], []);
  }),
  fileCase('OneHot of depth 2^40', 'ERR_EVAL_BUDGET', () =>
    folded(
      'OneHot',
      ['i', 'd', 'v'],
      [parts.longs('i', [1]), parts.longs('d', [BIG]), parts.floats('v', [2], [0, 1])],
      [],
    ),
  ),
  fileCase('a chain of 40 Concats of a constant with itself', 'ERR_EVAL_BUDGET', () => {
    const nodes = Array.from({ length: 40 }, (_, i) =>
      parts.nodeField(
        parts.node(
          'Concat',
          [i === 0 ? 'w' : `v${i}`, i === 0 ? 'w' : `v${i}`],
          [`v${i + 1}`],
          [parts.intAttribute('axis', 0)],
        ),
      ),
    );
    return parts.model(
      parts.graph(
        parts.initializer(parts.floats('w', [1024], new Array<number>(1024).fill(1))),
        ...nodes,
        parts.output('v40'),
      ),
    );
  }),
];

const scaleCase = (
  name: string,
  expected: string,
  scale: wire.ChunkList,
  zeroPoint: wire.ChunkList,
  attributes: Fields = [],
) =>
  fileCase(`DequantizeLinear with ${name}`, expected, () => {
    const codes = parts.tensor({ name: 'q', dims: [4], type: 2, data: parts.raw(1, 2, 3, 4) });
    return folded('DequantizeLinear', ['q', 's', 'z'], [codes, scale, zeroPoint], attributes);
  });

const zero = parts.tensor({ name: 'z', dims: [], type: 2, data: parts.raw(0) });
const scalar = parts.floats('s', [], [1]);

const quantized: readonly HostileCase[] = [
  scaleCase('a scale of no elements', 'ERR_EVAL_SHAPE', parts.floats('s', [0], []), zero),
  scaleCase(
    'a zero point of another type',
    'ERR_SHAPE',
    scalar,
    parts.tensor({ name: 'z', dims: [], type: 3, data: parts.raw(0) }),
  ),
  scaleCase(
    'a block_size of 0 and a scale a block',
    'ERR_EVAL_SHAPE',
    parts.floats('s', [2], [1, 1]),
    parts.tensor({ name: 'z', dims: [2], type: 2, data: parts.raw(0, 0) }),
    [parts.intAttribute('block_size', 0)],
  ),
  scaleCase('a block_size of -1', 'ERR_SHAPE', scalar, zero, [parts.intAttribute('block_size', -1)]),
  scaleCase(
    'an axis of 7',
    'ERR_EVAL_SHAPE',
    parts.floats('s', [4], [1, 1, 1, 1]),
    parts.tensor({ name: 'z', dims: [4], type: 2, data: parts.raw(0, 0, 0, 0) }),
    [parts.intAttribute('axis', 7)],
  ),
  fileCase('an attribute of another type than the operator has', 'ERR_SHAPE', () =>
    one('Conv', [1, 1, 4, 4], ['x', 'w'], [kernel], [parts.intAttribute('strides', 1)]),
  ),
];

export const operatorCases: HostileFamily = {
  name: 'operators',
  format: 'onnx',
  cases: [...convolutions, ...axes, ...amplifiers, ...quantized],
};
