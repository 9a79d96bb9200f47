import { attribute, Graph, Model, Tensor, tensorType } from '@gossamer/graph';
import { dataFromArrays } from '../data/array-source.js';
import { calibrate } from './calibrate.js';

/** state := relu(concat(state, state)), three times; y = its sum. The shapes of body and model grow from one iteration to the next. */
function growing(): Model {
  const main = new Graph('main');
  const x = main.addInput('x', tensorType('float32', [undefined]));
  const count = main.addInitializer('count', Tensor.fromNumbers('int64', [], [3]));
  const go = main.addInitializer('go', Tensor.fromNumbers('bool', [], [1]));
  const node = main.add({ op: 'Loop', name: 'loop', inputs: [count, go, x], outputs: ['last'] });
  const body = new Graph('body', { node, attribute: 'body', index: 0 });
  body.addInput('i', tensorType('int64', []));
  const condition = body.addInput('condition', tensorType('bool', []));
  const state = body.addInput('state', tensorType('float32', [undefined]));
  const attributes = { axis: attribute.int(0) };
  const doubled = body.add({ op: 'Concat', inputs: [state, state], outputs: ['doubled'], attributes });
  const next = body.add({ op: 'Relu', inputs: [doubled.output], outputs: ['next'] });
  body.addOutput(body.add({ op: 'Identity', inputs: [condition], outputs: ['again'] }).output);
  body.addOutput(next.output);
  main.setAttribute(node, 'body', attribute.graph(body));
  const sum = main.add({ op: 'ReduceSum', inputs: [node.output], outputs: ['y'] });
  main.addOutput(sum.output);
  return new Model({ irVersion: 8, opsets: new Map([['', 17]]), graph: main });
}

const data = dataFromArrays({ x: Tensor.of('float32', [2, 2], Float32Array.of(-1, 2, 3, -4)) });
const ids = ['loop/body/doubled', 'loop/body/next', 'y'];

test('values of a body that grow have their range', async () => {
  const { statistics, warnings } = await calibrate(growing(), ids, data);
  expect(warnings).toEqual([]);
  expect(ids.map((id) => [statistics.get(id)!.min, statistics.get(id)!.max])).toEqual([
    [-4, 3],
    [0, 3],
    [16, 24],
  ]);
});

test('but no histogram: they are left out with a warning, and what lies outside is counted', async () => {
  const { statistics, warnings } = await calibrate(growing(), ids, data, { histogram: true });
  expect([...statistics.keys()]).toEqual(['y']);
  expect(statistics.get('y')!.count).toBe(2);
  expect(warnings).toEqual(ids.slice(0, 2).map((id) => `${id}: not calibrated, its shape changes between iterations`));
});

test('what fails for another reason is an error', async () => {
  const wrong = dataFromArrays({ x: Tensor.of('float32', [1, 2, 2], new Float32Array(4)) });
  await expect(calibrate(growing(), ids, wrong, { histogram: true })).rejects.toMatchObject({
    code: expect.stringMatching(/^ERR_/) as string,
  });
});
