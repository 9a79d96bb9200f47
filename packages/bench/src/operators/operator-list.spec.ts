import { functionNames, gradientKinds, loweredKinds } from '@gossamer/train';
import { functionRows } from './function-list.js';
import { operatorRows } from './operator-list.js';

const rows = operatorRows();
const named = (op: string) => rows.find(({ kind }) => kind === op)!;

test('the list is the standard of opset 28 with its other domains, and com.microsoft', () => {
  expect(rows.filter(({ domain }) => domain === '').length).toBe(203);
  expect(new Set(rows.map(({ domain }) => domain))).toEqual(
    new Set(['', 'ai.onnx.ml', 'ai.onnx.preview', 'ai.onnx.preview.training', 'com.microsoft']),
  );
});

test('columns come from the code', () => {
  expect(named('Conv')).toMatchObject({
    inference: true,
    evaluated: true,
    prunable: true,
    quantizable: { static: true, dynamic: false, weightOnly: '8-bit' },
    gradient: 'primitive',
  });
  expect(named('RandomNormal')).toMatchObject({ evaluated: false, random: true, prunable: false, gradient: 'refused' });
});

test('gradients are those of the registries of training', () => {
  expect(['Dropout', 'LSTM', 'com.microsoft::FastGelu'].map((op) => named(op).gradient)).toEqual(
    Array<string>(3).fill('lowered'),
  );
  expect(['ArgMax', 'Loop', 'com.microsoft::Attention'].map((op) => named(op).gradient)).toEqual([
    'constant',
    'refused',
    'refused',
  ]);
  // What can be trained is in the list.
  const listed = new Set(rows.map(({ domain, op }) => `${domain}::${op}`));
  const known = [...gradientKinds(), ...loweredKinds()].filter((kind) => !kind.startsWith('gossamer.train::'));
  // ONNX Runtime's own name in the domain of the standard.
  expect(known.filter((kind) => !listed.has(kind))).toEqual(['::SimplifiedLayerNormalization']);
});

test('of every registered function it is known which engines have a kernel', () => {
  const table = functionRows();
  expect(table.map(({ name }) => name)).toEqual(functionNames());
  expect(table.find(({ name }) => name === 'ConvGradWeight')).toEqual({
    name: 'ConvGradWeight',
    differentiable: false,
    native: true,
    tfjs: true,
  });
});
