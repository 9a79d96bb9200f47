import * as tf from '@tensorflow/tfjs-core';
import { errorOf } from '../testing/error-of.js';
import { GraphDefBuilder } from '../testing/graph-def.js';
import { read, type SavedModel } from '../testing/in-memory.js';

/** A model of the given nodes over a float placeholder `x`; the last node is the output. */
function model(...ops: readonly string[]): SavedModel {
  const g = new GraphDefBuilder();
  let last = g.placeholder('x', 'DT_FLOAT', [2, 3]);
  for (const op of ops) last = g.node(op, [last]);
  return g.save([last]);
}

const withTopology = (topology: unknown, more: object = {}): SavedModel => ({
  json: { modelTopology: topology, weightsManifest: [], ...more },
  weights: new Uint8Array(0),
});

describe('graph model: what is refused', () => {
  test('string operators by name, before anything else', () => {
    const error = errorOf(() => read(model('StringSplit', 'LookupTableFindV2', 'While', 'Bogus', 'StringSplit')));
    expect(error.code).toBe('ERR_TFJS_STRING_OP');
    expect(error.message).toBe('graph: expected operators on numbers, received LookupTableFindV2 (1), StringSplit (2)');
  });

  test('control flow by name', () => {
    const error = errorOf(() => read(model('Enter', 'Merge', 'TensorListStack', 'Bogus', 'Merge')));
    expect(error.code).toBe('ERR_TFJS_CONTROL_FLOW');
    expect(error.message).toBe(
      'graph: expected a graph without control flow, received Enter (1), Merge (2), TensorListStack (1)',
    );
  });

  test('random numbers by name', () => {
    const error = errorOf(() => read(model('RandomUniform', 'Bogus', 'TruncatedNormal', 'RandomUniform')));
    expect(error.code).toBe('ERR_TFJS_RANDOM_OP');
    expect(error.message).toBe(
      'graph: expected results that the inputs decide, received RandomUniform (2), TruncatedNormal (1)',
    );
  });

  test('tables keyed by strings or numbers, by name', () => {
    const error = errorOf(() => read(model('HashTableV2', 'LookupTableFindV2')));
    expect(error.code).toBe('ERR_TFJS_STRING_OP');
    expect(error.message).toMatch(/received HashTableV2 \(1\), LookupTableFindV2 \(1\)$/);
  });

  test('a loop, whose edges make a cycle', () => {
    const node = [
      { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' } } },
      { name: 'enter', op: 'Enter', input: ['x'] },
      { name: 'merge', op: 'Merge', input: ['enter', 'next'] },
      { name: 'next', op: 'NextIteration', input: ['merge'] },
      { name: 'exit', op: 'Exit', input: ['merge'] },
    ];
    expect(errorOf(() => read(withTopology({ node }))).code).toBe('ERR_TFJS_CONTROL_FLOW');
  });

  test('every unknown operator by name, and none that no output needs', () => {
    const error = errorOf(() => read(model('Unique', 'Relu', 'Dilation2D', 'Unique')));
    expect(error.code).toBe('ERR_TFJS_UNSUPPORTED_OP');
    expect(error.message).toBe('graph: expected operators with a converter, received Dilation2D (1), Unique (2)');
    const g = new GraphDefBuilder();
    const x = g.placeholder('x', 'DT_FLOAT', [2, 3]);
    const y = g.node('Relu', [x]);
    g.node('Unique', [x]);
    expect([...read(g.save([y])).graph.nodes()].map(({ op }) => op)).toEqual(['Relu']);
  });

  test('an operator named like a property of objects', () => {
    expect(errorOf(() => read(model('constructor'))).code).toBe('ERR_TFJS_UNSUPPORTED_OP');
    expect(errorOf(() => read(model('__proto__'))).code).toBe('ERR_TFJS_UNSUPPORTED_OP');
  });

  test.each<[string, unknown, string]>([
    [
      'a cycle',
      [
        { name: 'a', op: 'Relu', input: ['b'] },
        { name: 'b', op: 'Relu', input: ['a'] },
        { name: 'c', op: 'Relu', input: ['a'] },
      ],
      'ERR_TFJS_MODEL',
    ],
    ['an operand that is not there', [{ name: 'a', op: 'Relu', input: ['b'] }], 'ERR_TFJS_MODEL'],
    [
      'an output that is not there',
      [
        { name: 'x', op: 'Placeholder' },
        { name: 'a', op: 'Relu', input: ['x:3'] },
      ],
      'ERR_TFJS_MODEL',
    ],
    [
      'two nodes of a name',
      [
        { name: 'x', op: 'Placeholder' },
        { name: 'x', op: 'Placeholder' },
      ],
      'ERR_TFJS_MODEL',
    ],
    ['a node without operands', [{ name: 'a', op: 'Relu' }], 'ERR_TFJS_NODE'],
    [
      'a constant without weights',
      [
        { name: 'c', op: 'Const' },
        { name: 'a', op: 'Relu', input: ['c'] },
      ],
      'ERR_TFJS_WEIGHTS',
    ],
    [
      'a string input',
      [
        { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_STRING' } } },
        { name: 'a', op: 'Identity', input: ['x'] },
      ],
      'ERR_TFJS_STRING_OP',
    ],
    ['no output', [], 'ERR_TFJS_MODEL'],
    ['a node that is no object', [7], 'ERR_TFJS_MODEL'],
    [
      'an unknown data type',
      [
        { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_WHAT' } } },
        { name: 'a', op: 'Relu', input: ['x'] },
      ],
      'ERR_TFJS_MODEL',
    ],
  ])('%s', (_, node, code) => {
    expect(errorOf(() => read(withTopology({ node }))).code).toBe(code);
  });

  test('a constant of strings, by its name', () => {
    const node = [
      { name: 'words', op: 'Const' },
      { name: 'a', op: 'Identity', input: ['words'] },
    ];
    const weightsManifest = [{ paths: ['w'], weights: [{ name: 'words', shape: [1], dtype: 'string' }] }];
    const json = { modelTopology: { node }, weightsManifest };
    const error = errorOf(() => read({ json, weights: Uint8Array.of(1, 0, 0, 0, 97) }));
    expect(error.code).toBe('ERR_TFJS_STRING_OP');
    expect(error.message).toBe('constant words: expected numbers, received strings');
  });

  test('operands and attributes that cannot be right', () => {
    const image = tf.zeros([3, 3, 4, 5]);
    const attempt = (attributes: object, shape = [1, 8, 8, 4]) => {
      const g = new GraphDefBuilder();
      const x = g.placeholder('x', 'DT_FLOAT', shape);
      const y = g.node('Conv2D', [x, g.constant(image)], { strides: [1, 1, 1, 1], padding: 'SAME', ...attributes });
      return errorOf(() => read(g.save([y]))).code;
    };
    expect(attempt({ strides: [1, 0, 1, 1] })).toBe('ERR_TFJS_NODE');
    expect(attempt({ strides: [1, 2 ** 40, 1, 1] })).toBe('ERR_TFJS_NODE');
    expect(attempt({ strides: [2, 1, 1, 1] })).toBe('ERR_TFJS_NODE');
    expect(attempt({ padding: 'WHAT' })).toBe('ERR_TFJS_NODE');
    expect(attempt({ data_format: 'NCHW' })).toBe('ERR_TFJS_NODE');
    expect(attempt({ dilations: [1, -1, 1, 1] })).toBe('ERR_TFJS_NODE');
    expect(attempt({}, [1, 8, 8, 3])).toBe('ERR_TFJS_NODE');
    expect(attempt({}, [8, 8])).toBe('ERR_TFJS_NODE');
  });

  test('a chain of 100,000 nodes is no deep recursion', () => {
    const node = [
      { name: 'n0', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' } } },
      ...Array.from({ length: 100_000 }, (_, i) => ({ name: `n${i + 1}`, op: 'Bogus', input: [`n${i}`] })),
    ];
    expect(errorOf(() => read(withTopology({ node }))).code).toBe('ERR_TFJS_UNSUPPORTED_OP');
  });
});
