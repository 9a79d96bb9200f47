import { PLANNED } from './gradient-plan.js';
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

test('the plan for gradients names operators of the standard, each once', () => {
  const standard = new Set(rows.filter(({ domain }) => domain === '').map(({ op }) => op));
  expect(PLANNED.filter((op) => !standard.has(op))).toEqual([]);
  expect(new Set(PLANNED).size).toBe(PLANNED.length);
});
