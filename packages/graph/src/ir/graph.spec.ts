import { attribute } from './attribute.js';
import { checkGraph } from './check.js';
import { cloneGraph } from './clone.js';
import { Graph } from './graph.js';
import { Tensor } from './tensor.js';
import { tensorType } from './value-type.js';

/** x -> Relu -> If(cond) { then: r + w, else: Identity(r) } -> y; both branches capture `r` of the main graph. */
function withBranches() {
  const graph = new Graph('main');
  const x = graph.addInput('x', tensorType('float32', [2]));
  const condition = graph.addInput('condition', tensorType('bool', []));
  const relu = graph.add({ op: 'Relu', name: 'relu', inputs: [x], outputs: ['r'] });
  const choose = graph.add({ op: 'If', name: 'choose', inputs: [condition], outputs: ['y'] });
  const branch = (name: string, op: string) => {
    const body = new Graph(name);
    const inputs = op === 'Add' ? [relu.output, body.addInitializer('w', Tensor.scalar('float32', 1))] : [relu.output];
    body.addOutput(body.add({ op, inputs, outputs: ['out'] }).output);
    graph.setAttribute(choose, name, attribute.graph(body));
    return body;
  };
  const thenBranch = branch('then_branch', 'Add');
  const elseBranch = branch('else_branch', 'Identity');
  graph.addOutput(choose.output);
  checkGraph(graph);
  return { graph, x, relu, choose, thenBranch, elseBranch };
}

test('captures are uses of the outer value', () => {
  const { relu, thenBranch, elseBranch } = withBranches();
  expect(relu.output.uses.map((use) => use.node.graph)).toEqual([thenBranch, elseBranch]);
  expect([...elseBranch.nodes()][0]!.id).toBe('choose/else_branch/out');
});

test('replaceUses reaches into subgraphs and remove then works', () => {
  const { graph, x, relu } = withBranches();
  expect(() => graph.remove(relu)).toThrow('still used');
  graph.replaceUses(relu.output, x);
  graph.remove(relu);
  checkGraph(graph);
  expect(x.uses).toHaveLength(2);
});

test('removing a control-flow node releases what its bodies captured', () => {
  const { graph, relu, choose, x } = withBranches();
  const y = choose.output;
  const detached = graph.detachOutput(y, 'old');
  graph.add({ op: 'Identity', inputs: [relu.output], outputs: [y] });
  expect(detached.uses).toHaveLength(0);
  graph.remove(choose);
  checkGraph(graph);
  expect(relu.output.uses).toHaveLength(1);
  expect(graph.outputs.map(String)).toEqual(['y']);
  expect(x.uses).toHaveLength(1);
});

test('names: sibling branches may reuse them, a scope may not; new ones avoid every visible scope', () => {
  const { graph, thenBranch, elseBranch } = withBranches();
  expect(thenBranch.value('out')).not.toBe(elseBranch.value('out'));
  expect(() => graph.declare('r')).toThrow(expect.objectContaining({ code: 'ERR_DUPLICATE_NAME' }) as Error);
  expect(graph.uniqueName('out')).toBe('out_1');
  expect(thenBranch.uniqueName('r')).toBe('r_1');
});

test('a clone shares tensors and nothing else', () => {
  const { graph, thenBranch } = withBranches();
  const copy = cloneGraph(graph);
  checkGraph(copy);
  const copiedThen = [...copy.scopes()][1]!;
  expect(copiedThen.value('w')!.initializer).toBe(thenBranch.value('w')!.initializer);
  copy.replaceUses(copy.value('r')!, copy.value('x')!);
  copy.remove(copy.value('r')!.producer!);
  checkGraph(copy);
  checkGraph(graph);
  expect(graph.nodeCount).toBe(2);
  expect(copy.nodeCount).toBe(1);
});

test('nodes may be removed and added during a walk', () => {
  const graph = new Graph('chain');
  let value = graph.addInput('x', tensorType('float32', [1]));
  for (let i = 0; i < 6; i++)
    value = graph.add({ op: i % 2 ? 'Identity' : 'Neg', inputs: [value], outputs: [`v${i}`] }).output;
  graph.addOutput(graph.add({ op: 'Abs', inputs: [value], outputs: ['y'] }).output);
  for (const node of graph.nodes()) {
    if (node.op !== 'Identity') continue;
    graph.replaceUses(node.output, node.input(0)!);
    graph.remove(node);
  }
  checkGraph(graph);
  expect([...graph.nodes()].map((node) => node.op)).toEqual(['Neg', 'Neg', 'Neg', 'Abs']);
});

test('checkGraph finds a broken order', () => {
  const { graph, relu, choose } = withBranches();
  graph.move(choose, { before: relu });
  expect(() => checkGraph(graph)).toThrow('reads r before it is made');
});

test('an initializer that is also an input is not constant', () => {
  const graph = new Graph('g');
  const w = graph.addInput('w', tensorType('float32', []));
  graph.setInitializer(w, Tensor.scalar('float32', 3));
  expect(w.initializer!.item()).toBe(3);
  expect(w.constant).toBeUndefined();
});

test('state links an output of one run to an input of the next, and clones keep it', () => {
  const graph = new Graph('cell');
  const h = graph.addInput('h', tensorType('float32', [4]));
  const next = graph.add({ op: 'Tanh', inputs: [h], outputs: ['hn'] }).output;
  graph.addOutput(next);
  graph.linkState(h, next, Tensor.fromNumbers('float32', [4], [1, 1, 1, 1]));
  expect(() => graph.linkState(h, next)).toThrow(expect.objectContaining({ code: 'ERR_STATE' }) as Error);
  const copy = cloneGraph(graph);
  expect(copy.state).toHaveLength(1);
  expect(copy.state[0]).toMatchObject({ input: copy.value('h'), output: copy.value('hn'), init: graph.state[0]!.init });
});
