import { GraphBuilder, Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { compileAndRun } from '../testing/compile-and-run.js';

const waves = (dims: readonly number[], phase = 0) => {
  const count = dims.reduce((a, b) => a * b, 1);
  return Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7 + phase)),
  );
};
const [MICROSOFT, STANDARD] = ['com.microsoft', ''];

describe.each([0, 1])('RotaryEmbedding, interleaved %i', (interleaved) => {
  test.each([
    ['of the standard, four axes', STANDARD, [2, 3, 5, 8], 4, { interleaved }, 'all'],
    [
      'of the standard, a part of each head',
      STANDARD,
      [2, 3, 5, 8],
      3,
      { interleaved, rotary_embedding_dim: 6 },
      'all',
    ],
    ['of the standard, merged heads', STANDARD, [2, 5, 24], 4, { interleaved, num_heads: 3 }, 'all'],
    ['of the standard, rows of its own', STANDARD, [2, 5, 24], 4, { interleaved, num_heads: 3 }, 'none'],
    ['of com.microsoft, heads as wide as the tables', MICROSOFT, [2, 5, 24], 4, { interleaved }, 'all'],
    ['of com.microsoft, from one position on', MICROSOFT, [2, 5, 24], 4, { interleaved, num_heads: 3 }, 'first'],
    ['of com.microsoft, four axes, from one position on', MICROSOFT, [2, 3, 5, 8], 4, { interleaved }, 'first'],
  ] as const)('%s', async (_, domain, dims, half, attributes, positions) => {
    const g = new GraphBuilder('net', { opset: 23, domains: { 'com.microsoft': 1 } });
    const x = g.input('x', 'float32', dims.length === 4 ? ['n', 3, 's', 8] : ['n', 's', 24]);
    const table = (phase: number) => {
      const rows = positions === 'none' ? [2, 5] : [12];
      return g.weight(`t${phase}`, [...rows, half], waves([...rows, half], phase).toFloat32());
    };
    const [cos, sin] = [table(1), table(2)];
    const feeds: Record<string, Tensor> = { x: waves(dims) };
    let ids: Value | undefined;
    if (positions !== 'none') {
      ids = g.input('ids', 'int64', positions === 'first' ? [1] : ['n', 's']);
      feeds['ids'] =
        positions === 'first'
          ? Tensor.fromNumbers('int64', [1], [6])
          : Tensor.fromNumbers('int64', [2, 5], [3, 4, 5, 6, 7, 0, 1, 2, 11, 9]);
    }
    const inputs = domain === MICROSOFT ? [x, ids, cos, sin] : [x, cos, sin, ids];
    g.output(g.op('RotaryEmbedding', inputs, attributes, { domain }), 'y');
    const model = g.model();
    const { types, outputs } = await compileAndRun(model, feeds);
    expect(types).not.toContain('RotaryEmbedding');
    const expected = evaluate(model, feeds)['y']!;
    expect(outputs['y']!.dims).toEqual(expected.dims);
    const got = outputs['y']!.toFloat64();
    // A sum of two products of numbers of at most 1, in float32.
    expected.toFloat64().forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThan(2 ** -22));
  });
});
