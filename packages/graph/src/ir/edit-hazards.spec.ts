import { runPasses } from '../passes/index.js';
import { parseModel, serializeModel } from '../onnx/index.js';
import { attribute } from './attribute.js';
import { checkGraph } from './check.js';
import { Graph } from './graph.js';
import { Model } from './model.js';
import { Tensor } from './tensor.js';
import { tensorType } from './value-type.js';

/** If(condition) with two branches that each return what `value` names: an inner Neg of it, or itself. */
function withIf(inner: boolean) {
  const graph = new Graph('main');
  const x = graph.addInput('x', tensorType('float32', [2]));
  const condition = graph.addInput('condition', tensorType('bool', []));
  const branch = (name: string) => {
    const body = new Graph(name);
    body.addOutput(inner ? body.add({ op: 'Neg', inputs: [x], outputs: ['out'] }).output : x);
    return attribute.graph(body);
  };
  const attributes = { then_branch: branch('then'), else_branch: branch('else') };
  const choose = graph.add({ op: 'If', name: 'choose', inputs: [condition], outputs: ['y'], attributes });
  return { graph, x, choose };
}

test('a subgraph that is replaced lets go of what it captured', () => {
  const { graph, x, choose } = withIf(true);
  const fresh = new Graph('fresh');
  fresh.addOutput(fresh.add({ op: 'Abs', inputs: [x], outputs: ['out'] }).output);
  graph.setAttribute(choose, 'then_branch', attribute.graph(fresh));
  checkGraph(graph);
  expect(x.uses.map((use) => use.node.op).sort()).toEqual(['Abs', 'Neg']);
  graph.setAttribute(choose, 'then_branch', undefined);
  graph.setAttribute(choose, 'else_branch', undefined);
  checkGraph(graph);
  expect(x.uses).toHaveLength(0);
  expect([...graph.scopes()]).toEqual([graph]);
});

test('a subgraph that was given to another node stays alive when the first one goes', () => {
  const { graph, x, choose } = withIf(true);
  const attributes = Object.fromEntries([...choose.attributes].map(([name, { content }]) => [name, content]));
  graph.add({ op: 'If', name: 'again', inputs: choose.inputs, outputs: ['z'], attributes });
  graph.remove(choose);
  checkGraph(graph);
  expect(x.uses.map((use) => use.node.id)).toEqual(['again/then_branch/out', 'again/else_branch/out']);
});

test('a branch that returns a captured value makes it an output only while it is there', () => {
  const { graph, x, choose } = withIf(false);
  expect(x.isOutput).toBe(true);
  checkGraph(graph);
  graph.remove(choose);
  checkGraph(graph);
  expect(x.isOutput).toBe(false);
});

test('a walk goes on when the node it stands on and the ones after it are removed', () => {
  const graph = new Graph('main');
  const x = graph.addInput('x', tensorType('float32', [2]));
  const nodes = Array.from({ length: 6 }, (_, i) =>
    graph.add({ op: 'Neg', name: `n${i}`, inputs: [x], outputs: [`v${i}`] }),
  );
  const seen: string[] = [];
  for (const node of graph.nodes()) {
    seen.push(node.name);
    if (node.name === 'n1') for (const gone of nodes.slice(1, 4)) graph.remove(gone);
  }
  expect(seen).toEqual(['n0', 'n1', 'n4', 'n5']);
});

test('renaming refuses names that another scope would confuse with it', () => {
  const { graph, x } = withIf(true);
  expect(() => graph.rename(x, 'out')).toThrow(expect.objectContaining({ code: 'ERR_DUPLICATE_NAME' }) as Error);
  expect(() => graph.rename(x, '')).toThrow(expect.objectContaining({ code: 'ERR_EMPTY_NAME' }) as Error);
  graph.rename(x, 'input');
  checkGraph(graph);
});

test('a tensor needs as many numbers as its dims say, packed or not', () => {
  for (const dtype of ['float32', 'int4', 'uint2'] as const) {
    expect(() => Tensor.fromNumbers(dtype, [4], [1, 1, 1])).toThrow(
      expect.objectContaining({ code: 'ERR_TENSOR_DATA' }) as Error,
    );
  }
});

/** Nodes that all read one value under names with one base: n Neg of x and Sums of a hundred each, n that nothing reads; n inputs. */
function wide(count: number): Model {
  const graph = new Graph('wide');
  const x = graph.addInput('x', tensorType('float32', [2]));
  const negs = Array.from({ length: count }, () => graph.add({ op: 'Neg', inputs: [x], outputs: ['neg'] }).output);
  for (let i = 0; i < count; i += 100) {
    graph.addOutput(graph.add({ op: 'Sum', inputs: negs.slice(i, i + 100), outputs: ['y'] }).output);
  }
  for (let i = 0; i < count; i++) graph.add({ op: 'Identity', inputs: [x], outputs: ['dead'] });
  for (let i = 0; i < count; i++) graph.addInput(`input_${i}`, tensorType('float32', [1]));
  return new Model({ irVersion: 8, opsets: new Map([['', 17]]), graph });
}

/** Takes minutes where a step is quadratic: 60,000 nodes and inputs, so 3.6 billion comparisons; linear it is under a second each. */
test('making, writing, reading, checking and rewriting a wide graph takes linear time', () => {
  const start = process.cpuUsage();
  const model = wide(60_000);
  checkGraph(model.graph);
  const read = parseModel(serializeModel(model));
  const { model: clean } = runPasses(read, ['eliminate-common-subexpressions', 'eliminate-dead-code']);
  checkGraph(clean.graph);
  expect(clean.graph.nodeCount).toBe(1 + 600);
  expect(parseModel(serializeModel(clean)).graph.inputs).toHaveLength(60_001);
  // Processor time: a busy machine takes longer by the clock.
  const { user, system } = process.cpuUsage(start);
  expect(user + system).toBeLessThan(30e6);
}, 300_000);
