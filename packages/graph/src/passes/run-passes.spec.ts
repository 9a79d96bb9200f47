import { GraphBuilder } from '../builder.js';
import { DEFAULT_PASSES, PASSES } from './registry.js';
import { runPasses } from './run-passes.js';
import { kinds } from './testing/check-pass.js';

function chain() {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  g.op('Neg', [x]);
  return g.output(g.op('Relu', [g.op('Identity', [g.op('Identity', [x])])]), 'y').model();
}

test('default passes run to a fixed point on a clone; an empty list changes nothing', () => {
  const model = chain();
  const { model: small, applied } = runPasses(model, 'default');
  expect(kinds(small)).toEqual(['Relu']);
  expect(applied).toEqual([
    { pass: 'eliminate-dead-code', changes: 1 },
    { pass: 'eliminate-identity', changes: 2 },
  ]);
  expect(kinds(model)).toHaveLength(4);
  expect(kinds(runPasses(model, []).model)).toHaveLength(4);
  expect(runPasses(small, 'default').applied).toEqual([]);
});

test('unknown names are refused, every default pass exists', () => {
  expect(() => runPasses(chain(), ['fold-everything'])).toThrow(expect.objectContaining({ code: 'ERR_PASS_UNKNOWN' }));
  for (const name of DEFAULT_PASSES) expect(PASSES.get(name)?.name).toBe(name);
});

test('progress is told before each pass, an abort stops', () => {
  const stages: string[] = [];
  runPasses(chain(), ['eliminate-identity', 'eliminate-dead-code'], { onProgress: ({ stage }) => stages.push(stage) });
  expect(stages).toEqual(['eliminate-identity', 'eliminate-dead-code', 'eliminate-identity', 'eliminate-dead-code']);
  expect(() => runPasses(chain(), 'default', { signal: AbortSignal.abort() })).toThrow('aborted');
});
