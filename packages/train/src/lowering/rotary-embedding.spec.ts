import type { Attributes } from '../emit/emitter.js';
import { checkLowering } from '../testing/check-lowering.js';

describe.each([0, 1])('RotaryEmbedding, interleaved %i', (interleaved) => {
  test('of heads, tables read by ids', () => {
    const inputs = { x: { shape: [2, 2, 3, 4] }, cos: { shape: [5, 2] }, sin: { shape: [5, 2] } };
    checkLowering(inputs, (g, { x, cos, sin }) => {
      const ids = g.constant([0, 1, 2, 4, 4, 3], 'int64', [2, 3]);
      return g.op('RotaryEmbedding', [x, cos, sin, ids], { interleaved });
    });
  });

  test('of rank 3, a part of each head, tables for each token', () => {
    const inputs = { x: { shape: [2, 3, 12] }, cos: { shape: [2, 3, 2] }, sin: { shape: [2, 3, 2] } };
    const attributes = { interleaved, num_heads: 2, rotary_embedding_dim: 4 };
    checkLowering(inputs, (g, { x, cos, sin }) => g.op('RotaryEmbedding', [x, cos, sin], attributes));
  });

  test.each<[number[], number[], Attributes]>([
    [[1], [1], {}],
    [[0, 1, 2, 4, 4, 3], [2, 3], { num_heads: 2 }],
  ])('of com.microsoft, ids %j %j, %j', (ids, shape, attributes) => {
    const inputs = { x: { shape: [2, 3, 8] }, cos: { shape: [5, 2] }, sin: { shape: [5, 2] } };
    checkLowering(inputs, (g, { x, cos, sin }) => {
      const slots = [x, g.constant(ids, 'int64', shape), cos, sin];
      return g.op('RotaryEmbedding', slots, { interleaved, ...attributes }, { domain: 'com.microsoft' });
    });
  });
});
