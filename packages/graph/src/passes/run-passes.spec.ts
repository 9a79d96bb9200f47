import { GraphBuilder } from '../builder.js';
import { DEFAULT_PIPELINE, PASSES } from './registry.js';
import { runPasses } from './run-passes.js';
import { kinds } from './testing/check-pass.js';

function chain() {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  g.op('Neg', [x]);
  return g.output(g.op('Relu', [g.op('Identity', [g.op('Identity', [x])])]), 'y').model();
}

test('the default passes run to a fixed point on a clone; an empty list changes nothing', () => {
  const model = chain();
  const { model: small, applied } = runPasses(model, 'default');
  expect(kinds(small)).toEqual(['Relu']);
  expect(applied).toEqual([
    { pass: 'eliminate-identity', changes: 2 },
    { pass: 'eliminate-dead-code', changes: 1 },
  ]);
  expect(kinds(model)).toHaveLength(4);
  expect(kinds(runPasses(model, []).model)).toHaveLength(4);
  expect(runPasses(small, 'default').applied).toEqual([]);
});

test('unknown names are refused with the choices; names are unique', () => {
  const refused = () => runPasses(chain(), ['fold-everything']);
  expect(refused).toThrow(expect.objectContaining({ code: 'ERR_PASS' }));
  expect(refused).toThrow(/expected one of inputs-to-initializers, .*received fold-everything/);
  const names = PASSES.map((pass) => pass.name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining([...DEFAULT_PIPELINE]));
});

test('progress counts passes, an abort stops with its reason', () => {
  const steps: string[] = [];
  const onProgress = ({ done, total }: { done: number; total: number }) => void steps.push(`${done}/${total}`);
  runPasses(chain(), ['eliminate-identity', 'eliminate-dead-code'], { onProgress });
  expect(steps).toEqual(['1/2', '2/2']);
  expect(() => runPasses(chain(), 'default', { signal: AbortSignal.abort() })).toThrow('aborted');
});

test('a failing pass is wrapped once, with its name, the passes before it and the cause', () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 2, 5, 5]);
  const [w, p] = [g.constant([1, 2], 'float32', [2, 1, 1, 1]), g.constant([1, 2], 'float32')];
  g.output(g.op('BatchNormalization', [g.op('Conv', [x, w], { group: 2 }), p, p, p, p], { epsilon: 'small' }), 'y');
  const failing = () => runPasses(g.model(), ['eliminate-identity', 'fuse-conv-batch-norm']);
  expect(failing).toThrow(/^pass fuse-conv-batch-norm \(after eliminate-identity\): attribute epsilon/);
  expect(failing).toThrow(
    expect.objectContaining({
      code: 'ERR_PASS_FAILED',
      cause: expect.objectContaining({ code: 'ERR_ATTRIBUTE_TYPE' }) as unknown,
    }),
  );
});

/** x·tanh(softplus(x)), and what the opset upgrade does not know where `extra` names it. */
function mishLike(extra?: string) {
  const g = new GraphBuilder('net', { opset: 13 });
  const x = g.input('x', 'float32', ['n', 4]);
  const y = g.op('Mul', [x, g.op('Tanh', [g.op('Softplus', [x])])]);
  return g.output(extra ? g.op(extra, [y], {}, { name: 'odd' }) : y, 'y').model();
}

test('the opset stays, and what waits for a later one is counted; it rises only when asked to', () => {
  const kept = runPasses(mishLike(), 'default');
  expect([kinds(kept.model), kept.model.opset]).toEqual([['Softplus', 'Tanh', 'Mul'], 13]);
  expect(kept.blocked).toEqual([{ op: 'Mish', opset: 18, count: 1 }]);
  const raised = runPasses(mishLike(), 'default', { raiseOpset: true });
  expect([kinds(raised.model), raised.model.opset, raised.blocked]).toEqual([['Mish'], 18, []]);
  expect(raised.applied).toEqual([{ pass: 'fuse-mish', changes: 1 }]);
  expect(runPasses(chain(), 'default', { raiseOpset: true }).model.opset).toBe(17);
});

test('a node that does not upgrade keeps the opset, and is named', () => {
  const { model, warnings } = runPasses(mishLike('Mystery'), 'default', { raiseOpset: true });
  expect(model.opset).toBe(13);
  expect(warnings).toEqual([expect.stringMatching(/^opset 18, for 1 Mish: not raised: node odd \(Mystery\)/)]);
});
