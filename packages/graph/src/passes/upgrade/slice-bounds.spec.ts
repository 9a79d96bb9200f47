import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import { attribute } from '../../ir/attribute.js';
import { weightViews } from '../../weights/index.js';
import { expectEqualBits } from '../testing/compare.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';
import { applyPasses } from '../testing/check-pass.js';
import { upgradeOpset } from './upgrade-opset.js';

const END = 2n ** 63n - 1n;

/** Slices as exporters wrote x[:, 1:] before opset 10: to INT64_MAX, in attributes. One of the input, one of a weight. */
function exported() {
  const g = new GraphBuilder('net', { opset: 9, irVersion: 4 });
  const x = g.input('x', 'float32', ['n', 4]);
  const rest = { axes: attribute.ints([1]), starts: attribute.ints([1]), ends: attribute.ints([END]) };
  const weight = g.op('Slice', [g.graph.addInitializer('w', randomTensor([3, 5], 5))], rest);
  return g.output(g.op('MatMul', [g.op('Slice', [x], rest), weight], {}, { name: 'fc' }), 'y').model();
}

const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 4], n) }));

test('a bound of INT64_MAX in an attribute: evaluated, raised to opset 10 and later, folded', async () => {
  const model = exported();
  const raised = upgradeOpset(model, 13);
  const { model: optimized, warnings } = applyPasses(model, 'default');
  expect(warnings).toEqual([]);
  for (const fed of feeds) {
    const expected = await runOnce(model, fed);
    expectEqualBits(await runOnce(raised, fed), expected);
    expectEqualBits(await runOnce(optimized, fed), expected);
    expect(evaluate(model, fed)['y']!.dims).toEqual(expected['y']!.dims);
  }
  const bound = [...raised.graph.initializers()].find(({ name }) => name.endsWith('ends'))!;
  expect(new BigInt64Array(bound.initializer!.bytes().slice().buffer)).toEqual(BigInt64Array.of(END));
});

test('a weight behind such a Slice is a weight', () => {
  const [view] = weightViews(exported());
  expect(view).toMatchObject({ layerId: 'fc', shape: [3, 4] });
});
