import { GraphBuilder, Tensor } from '@gossamer/graph';
import { detectState, zeroState } from './detect-state.js';
import type { PortSpec } from './port-spec.js';

const port = (name: string, shape: PortSpec['shape'], dtype: PortSpec['dtype'] = 'float32'): PortSpec => ({
  name,
  dtype,
  shape,
});

test.each([
  ['state', 'stateN'],
  ['h', 'hn'],
  ['h0', 'hn'],
  ['h_0', 'h_n'],
  ['c', 'c_out'],
  ['hidden', 'new_hidden'],
  ['state_in', 'state_out'],
  ['past_key_values.0.key', 'present.0.key'],
])('%s is continued by %s', (input, output) => {
  const ports = {
    inputs: [port('x', ['n', 3]), port(input, [2, 'n', 4])],
    outputs: [port('y', ['n']), port(output, [2, 'n', 4])],
  };
  expect(detectState(ports)).toEqual([{ input, output }]);
});

test('names alone are not enough: types and fixed sizes must agree', () => {
  for (const output of [port('hn', [3, 'n']), port('hn', [2]), port('hn', [2, 'n'], 'float64')]) {
    expect(detectState({ inputs: [port('h', [2, 'n'])], outputs: [output] })).toEqual([]);
  }
  expect(detectState({ inputs: [port('x', ['n'])], outputs: [port('x', ['n'])] })).toEqual([]);
});

test('a model of which nothing would be left to feed has no state: a denoiser of image to image_out', () => {
  const shape = ['n', 3, 8, 8] as const;
  const [image, mask] = [port('image', shape), port('mask', shape)];
  const outputs = [port('image_out', shape), port('mask_out', shape)];
  expect(detectState({ inputs: [image], outputs })).toEqual([]);
  expect(detectState({ inputs: [image, mask], outputs })).toEqual([]);
});

test('what a graph states itself comes first', () => {
  const g = new GraphBuilder('linked');
  const x = g.input('a', 'float32', [1]);
  const y = g.op('Neg', [x]);
  const model = g.output(y, 'b', 'float32', [1]).model();
  const init = Tensor.fromNumbers('float32', [1], [5]);
  model.graph.linkState(x, y, init);
  expect(detectState(model)).toEqual([{ input: 'a', output: 'b', init }]);
});

test('zeros take named sizes from other feeds, the batch elsewhere; caches start empty', () => {
  const ports = [port('x', ['n', 's']), port('h', [2, 'n', 8]), port('past.0', ['n', 4, 'p', 8])];
  const feeds = { rate: Tensor.scalar('int64', 16_000), x: Tensor.of('float32', [3, 5], new Float32Array(15)) };
  expect(zeroState(ports[1]!, ports, feeds).dims).toEqual([2, 3, 8]);
  expect(zeroState(ports[2]!, ports, feeds).dims).toEqual([3, 4, 0, 8]);
  expect(zeroState(port('h', [2, undefined]), ports, feeds).dims).toEqual([2, 3]);
});
