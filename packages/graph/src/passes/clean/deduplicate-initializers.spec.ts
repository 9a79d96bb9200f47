import { GraphBuilder } from '../../builder.js';
import { Tensor } from '../../ir/tensor.js';
import { addIf } from '../testing/add-if.js';
import { checkExact } from '../testing/check-pass.js';
import { randomTensor } from '../testing/random.js';

const PASS = ['deduplicate-initializers'];
const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 4], n) }));

test('equal weights become one, also those of a branch; other dtypes and dims stay', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const weight = (name: string, dims = [4]) => g.graph.addInitializer(name, randomTensor([4], 5).reshaped(dims));
  const sum = g.op('Sum', [x, weight('a'), weight('b'), weight('row', [1, 4])]);
  const y = addIf(g, (graph, name) => {
    const inner = graph.addInitializer('c', randomTensor([4], 5));
    return graph.add({ op: 'Mul', inputs: [sum, inner], outputs: [`${name}_out`] }).output;
  });
  g.output(y, 'y', 'float32', ['n', 4]);
  const { model, applied } = await checkExact(g.model(), PASS, feeds);
  expect(applied).toEqual([{ pass: PASS[0], changes: 3 }]);
  const names = [...model.graph.scopes()].map((scope) => [...scope.initializers()].map(String));
  expect(names).toEqual([['a', 'row', expect.any(String)], [], []]);
});

test('inputs with defaults and outputs stay', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const [a, b] = [
    g.input('a', 'float32', [4]),
    g.graph.addInitializer('b', Tensor.of('float32', [4], new Float32Array(4))),
  ];
  g.graph.setInitializer(a, Tensor.of('float32', [4], new Float32Array(4)));
  g.output(g.op('Sum', [x, a, b]), 'y', 'float32', ['n', 4]);
  expect((await checkExact(g.model(), PASS, feeds)).applied).toEqual([]);
});
