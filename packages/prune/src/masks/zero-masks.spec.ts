import { GraphBuilder, Tensor } from '@gossamer/graph';
import { requireZeros } from './require-zeros.js';
import { zeroMasks } from './zero-masks.js';

/** Products that read a weight in float32 twice, one in float16 behind a Cast, and one without zeros; a table. */
function net() {
  const g = new GraphBuilder('net');
  const ids = g.input('ids', 'int64', ['n']);
  const table = g.weight('table', [3, 2], Float32Array.of(0, 0, 1, 2, 3, 4));
  const x = g.op('Gather', [table, ids]);
  const shared = g.weight('shared', [2, 2], Float32Array.of(0, 1, -0, 2));
  const half = g.graph.addInitializer('half', Tensor.fromNumbers('float16', [2, 2], [1, 0, 0, 0]));
  const cast = g.op('Cast', [half], { to: 1 });
  const full = g.weight('full', [2, 2], Float32Array.of(1, 2, 3, 4));
  const y = g.op('MatMul', [g.op('MatMul', [x, shared]), shared]);
  return g.output(g.op('MatMul', [g.op('MatMul', [y, cast]), full]), 'y').model();
}

test('masks are those of stored weights that have zeros, each once', () => {
  expect([...zeroMasks(net())]).toEqual([
    ['shared', Uint8Array.of(0, 1, 0, 1)],
    ['half', Uint8Array.of(1, 0, 0, 0)],
  ]);
});

test('a model is held to masks', () => {
  const code = expect.objectContaining({ code: 'ERR_PRUNE_MASK' }) as Error;
  requireZeros(net(), zeroMasks(net()));
  expect(() => requireZeros(net(), new Map([['full', Uint8Array.of(1, 0, 1, 0)]]))).toThrow(code);
  expect(() => requireZeros(net(), new Map([['none-such', Uint8Array.of(1)]]))).toThrow('received 1 other');
});
