import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import { attribute } from '../../ir/attribute.js';
import type { Model } from '../../ir/model.js';
import type { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { applyPasses, expectWithin, kinds } from '../testing/check-pass.js';
import { expectEqualBits } from '../testing/compare.js';
import { normalizationBound } from '../testing/normalization-bound.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';

const N = 12;
const EPSILON = 1e-5;
const scale = randomTensor([N], 5);
const bias = randomTensor([N], 6);

interface Form {
  readonly op?: 'LayerNormalization' | 'RMSNormalization';
  readonly opset?: number;
  readonly dims?: readonly (number | string)[];
  readonly axis?: number;
  /** The sum is an output too. */
  readonly isRead?: boolean;
}

function build({ op = 'LayerNormalization', opset = 23, dims = ['n', 3, N], axis = -1, isRead = false }: Form): Model {
  const g = new GraphBuilder('net', { opset, irVersion: 10 });
  const [x, skip] = [g.input('x', 'float32', ['n', 3, N]), g.input('skip', 'float32', dims)];
  const sum = g.op('Add', [x, skip]);
  const rows = [g.graph.addInitializer('scale', scale), g.graph.addInitializer('bias', bias)];
  const parameters: Value[] = op === 'LayerNormalization' ? rows : rows.slice(0, 1);
  g.output(g.op(op, [sum, ...parameters], { axis, epsilon: attribute.float(EPSILON) }), 'y', 'float32', ['n', 3, N]);
  if (isRead) g.output(sum, 'sum', 'float32', ['n', 3, N]);
  return g.model();
}

const feeds = [1, 2].map((n) => ({ x: randomTensor([n, 3, N], n), skip: randomTensor([n, 3, N], n + 5) }));

function boundOf(model: Model, fed: (typeof feeds)[number]): Record<string, Tensor> {
  const total = evaluate(build({ isRead: true }), fed)['sum']!;
  const y = normalizationBound(total, { width: N, epsilon: EPSILON, scale, bias });
  const exact = normalizationBound(total, { width: N, epsilon: EPSILON, scale, u: 0 });
  return model.graph.outputs.length > 1 ? { y, sum: exact } : { y };
}

test.each<[Form, string]>([
  [{}, 'com.microsoft::SkipLayerNormalization'],
  [{ isRead: true }, 'com.microsoft::SkipLayerNormalization'],
  [{ opset: 17 }, 'com.microsoft::SkipLayerNormalization'],
  [{ op: 'RMSNormalization' }, 'com.microsoft::SkipSimplifiedLayerNormalization'],
  [{ op: 'RMSNormalization', isRead: true }, 'com.microsoft::SkipSimplifiedLayerNormalization'],
])('%j joined, and taken apart again', async (form, op) => {
  const model = build(form);
  const { model: joined } = applyPasses(model, ['fuse-skip-layer-normalization']);
  expect(kinds(joined)).toEqual([op]);
  const { model: apart } = applyPasses(joined, ['split-skip-layer-normalization']);
  expect(kinds(apart)).toEqual(['Sum', form.op ?? 'LayerNormalization']);
  for (const fed of feeds) {
    for (const other of [joined, apart]) {
      const bound = boundOf(model, fed);
      expectWithin(evaluate(other, fed), evaluate(model, fed), bound);
      expectWithin(await runOnce(other, fed), await runOnce(model, fed), bound);
    }
  }
});

test('an Add before a normalization becomes a Sum, bit for bit', async () => {
  const model = build({});
  const { model: apart } = applyPasses(model, ['split-skip-layer-normalization']);
  expect(kinds(apart)).toEqual(['Sum', 'LayerNormalization']);
  for (const fed of feeds) expectEqualBits(await runOnce(apart, fed), await runOnce(model, fed));
});

test.each<[string, Form]>([
  ['an operand that is broadcast', { dims: [1, 3, N] }],
  ['sizes of other symbols', { dims: ['m', 3, N] }],
  ['another axis', { axis: 1, opset: 17 }],
])('not joined: %s', (_, form) => {
  expect(applyPasses(build(form), ['fuse-skip-layer-normalization']).applied).toEqual([]);
});

test('left together: an Add that no normalization reads, statistics that are read, opsets before LayerNormalization', () => {
  const g = new GraphBuilder('net', { opset: 16, domains: { 'com.microsoft': 1 } });
  const [x, skip] = [g.input('x', 'float32', ['n', 3, N]), g.input('skip', 'float32', ['n', 3, N])];
  const rows = [g.graph.addInitializer('scale', scale), g.graph.addInitializer('bias', bias)];
  const domain = { domain: 'com.microsoft' };
  g.output(g.op('SkipLayerNormalization', [x, skip, ...rows], {}, domain), 'y');
  g.output(g.op('Relu', [g.op('Add', [x, skip])]), 'z');
  expect(applyPasses(g.model(), ['split-skip-layer-normalization']).applied).toEqual([]);
});
