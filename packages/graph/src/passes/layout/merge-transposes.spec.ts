import { GraphBuilder } from '../../builder.js';
import { addIf } from '../testing/add-if.js';
import { applyPasses, checkExact, kinds } from '../testing/check-pass.js';
import { randomTensor } from '../testing/random.js';

const PASSES = ['merge-transposes', 'eliminate-no-op', 'eliminate-dead-code'];
const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 2, 3], n) }));

function chain(...permutations: (readonly number[] | undefined)[]) {
  const g = new GraphBuilder('net');
  let x = g.input('x', 'float32', ['n', 2, 3]);
  for (const perm of permutations) x = g.op('Transpose', [x], perm ? { perm } : {});
  return g.output(g.op('Relu', [x]), 'y').model();
}

test.each([
  {
    permutations: [
      [1, 2, 0],
      [2, 0, 1],
    ],
    left: [],
  },
  { permutations: [undefined, undefined, undefined], left: [[2, 1, 0]] },
  { permutations: [[1, 2, 0], undefined], left: [[0, 2, 1]] },
  { permutations: [undefined, [0, 2, 1]], left: [[2, 0, 1]] },
  {
    permutations: [
      [1, 0, 2],
      [0, 2, 1],
      [1, 0, 2],
      [2, 1, 0],
    ],
    left: [[0, 1, 2]],
  },
])('$permutations leave $left', async ({ permutations, left }) => {
  const { model } = await checkExact(chain(...permutations), PASSES, feeds);
  const found = [...model.graph.nodes()]
    .filter(({ op }) => op === 'Transpose')
    .map((node) => node.ints('perm', undefined));
  expect(found).toEqual(left.filter((perm) => perm.join() !== '0,1,2'));
});

test('what else reads the first one keeps it', async () => {
  const g = new GraphBuilder('net');
  const first = g.op('Transpose', [g.input('x', 'float32', ['n', 2, 3])], { perm: [0, 2, 1] });
  g.output(g.op('Relu', [first]), 'a').output(g.op('Relu', [g.op('Transpose', [first], { perm: [0, 2, 1] })]), 'b');
  const { model } = await checkExact(g.model(), PASSES, feeds);
  expect(kinds(model)).toEqual(['Transpose', 'Relu', 'Relu']);
});

test('across the border of a branch', async () => {
  const g = new GraphBuilder('net');
  const first = g.op('Transpose', [g.input('x', 'float32', ['n', 2, 3])], { perm: [0, 2, 1] });
  const y = addIf(g, (graph, name) => {
    return graph.add({ op: 'Transpose', inputs: [first], outputs: [`${name}_out`] }).output;
  });
  g.output(y, 'y');
  expect(kinds((await checkExact(g.model(), PASSES, feeds)).model)).toEqual(['If', 'Transpose', 'Transpose']);
});

test('reversals of a tensor of unknown rank stay', () => {
  const g = new GraphBuilder('net');
  const twice = g.op('Transpose', [g.op('Transpose', [g.input('x', 'float32')])]);
  expect(applyPasses(g.output(twice, 'y').model(), ['merge-transposes']).applied).toEqual([]);
});
