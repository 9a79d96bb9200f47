import {
  attribute,
  Graph,
  GraphBuilder,
  type Model,
  type Node,
  Tensor,
  tensorType,
  type Value,
  weightsOf,
} from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { dataFromArrays } from '../data/array-source.js';
import type { DataSource } from '../data/data-source.js';
import { openData } from '../data/open-data.js';
import type { Feeds } from '../session/feeds.js';
import { Session } from '../session/session.js';
import type { LayerStep } from './layer-step.js';
import { layerwise } from './layerwise.js';
import { coarse, distance, layersOf, ROUNDING, wholeRuns } from './testing/compare.js';
import { useTempFolder } from './testing/temp-folder.js';

const folder = useTempFolder();

const wave = (length: number, phase = 0): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 0.7 + phase));
const floats = (...dims: number[]) => Tensor.of('float32', dims, wave(dims.reduce((a, b) => a * b, 1)));

/** Feeds as they are, one batch each. */
function feedsSource(batches: readonly Feeds[]): DataSource {
  return {
    description: 'feeds',
    length: batches.length,
    latencyOnly: false,
    hasLabels: false,
    hasTargets: false,
    async *batches() {
      for (const feeds of batches) yield { feeds, count: 1 };
    },
    digest: async () => '',
  };
}

/** A line of `count` layers of 8 units, named layer0, ... */
function line(count: number): Model {
  const g = new GraphBuilder('line');
  let x: Value = g.input('x', 'float32', ['n', 8]);
  for (let i = 0; i < count; i++) {
    x = g.op('MatMul', [x, g.weight(`w${i}`, [8, 8], wave(64, i))], {}, { name: `layer${i}` });
    x = g.op('Tanh', [x]);
  }
  return g.output(x, 'y', 'float32', ['n', 8]).model();
}

const files = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const stepsOf = async (model: Model, layers: Iterable<Node | readonly Node[]>, data: DataSource) => {
  const found: LayerStep[] = [];
  for await (const step of await layerwise(model, layers, data)) found.push(step);
  return found;
};

describe('what is kept', () => {
  test('is one value between two layers of a line, in a file that goes when it has been read', async () => {
    const data = dataFromArrays({ x: floats(7, 8) });
    const bytes: number[] = [];
    const model = line(5);
    const foreign = layerwise(model, layersOf(line(5)), data);
    await expect(foreign).rejects.toMatchObject({ code: 'ERR_OPTION' });
    for await (const step of await layerwise(model, layersOf(model), data, { folder: folder(), batchSize: 2 })) {
      expect(step.samples).toBe(7);
      expect(step.runs.map(({ count, first }) => [count, first])).toEqual([
        [2, 0],
        [2, 2],
        [2, 4],
        [1, 6],
      ]);
      bytes.push(files(folder()).reduce((sum, path) => sum + statSync(path).size, 0));
    }
    expect(bytes).toEqual(new Array(5).fill(7 * 8 * 4));
    expect(readdirSync(folder())).toEqual([]);
  });

  test.each(['quantized', 'both'] as const)('is kept once where streams do not differ (%s)', async (streams) => {
    const model = line(4);
    const data = dataFromArrays({ x: floats(3, 8) });
    const counts: number[] = [];
    for await (const step of await layerwise(model, layersOf(model), data, { folder: folder(), streams })) {
      counts.push(files(folder()).length);
      for await (const { quantized, float } of step.batches()) {
        const [name] = step.inputs;
        expect(float?.[name!] === quantized[name!]).toBe(streams === 'both' && step.index < 2);
      }
      if (step.index === 1) step.setWeight(step.views[0]!, new Float32Array(64));
    }
    expect(counts).toEqual(streams === 'both' ? [1, 1, 2, 2] : [1, 1, 1, 1]);
  });

  test('is removed on break, on an error, on abort, and where nothing was asked for', async () => {
    const model = line(3);
    const data = dataFromArrays({ x: floats(3, 8) });
    const walk = await layerwise(model, layersOf(model), data, { folder: folder() });
    for await (const _ of walk) break;
    expect(readdirSync(folder())).toEqual([]);
    const failing = async () => {
      for await (const step of walk) {
        for await (const _ of step.batches()) throw new Error('mine');
      }
    };
    await expect(failing()).rejects.toThrow('mine');
    expect(readdirSync(folder())).toEqual([]);
    for (const at of [0, 1]) {
      const stop = new AbortController();
      const aborted = async () => {
        const options = { folder: folder(), signal: stop.signal };
        for await (const step of await layerwise(model, layersOf(model), data, options)) {
          if (step.index === at) stop.abort(new Error('enough'));
          if (at === 1) for await (const _ of step.batches()) expect(step.index).toBe(0);
        }
      };
      await expect(aborted()).rejects.toThrow('enough');
      expect(readdirSync(folder())).toEqual([]);
    }
    walk[Symbol.asyncIterator]();
    expect(readdirSync(folder())).toEqual([]);
  });

  test('lies in the folder for temporary files by default', async () => {
    const model = line(1);
    for await (const _ of await layerwise(model, layersOf(model), dataFromArrays({ x: floats(1, 8) }))) {
      expect(files(folder())).toEqual([]);
    }
  });

  test('no samples are an error', async () => {
    const model = line(1);
    const walk = await layerwise(model, layersOf(model), feedsSource([]), { folder: folder() });
    const first = walk[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ code: 'ERR_CALIBRATION' });
    expect(readdirSync(folder())).toEqual([]);
  });
});

describe('a step', () => {
  test('is over when the next one begins', async () => {
    const model = line(2);
    const steps = await stepsOf(model, layersOf(model), dataFromArrays({ x: floats(1, 8) }));
    expect(() => steps[0]!.setWeight(steps[0]!.views[0]!, new Float32Array(64))).toThrow(
      expect.objectContaining({ code: 'ERR_LAYERWISE' }) as Error,
    );
    await expect(steps[1]!.batches().next()).rejects.toMatchObject({ code: 'ERR_LAYERWISE' });
  });

  test('takes weights of its own layers only, again and again; the model stays as it is', async () => {
    const model = line(2);
    const views = layersOf(model).flatMap(weightsOf);
    const data = dataFromArrays({ x: floats(2, 8) });
    for await (const step of await layerwise(model, layersOf(model), data)) {
      if (step.index === 0) {
        expect(() => step.setWeight(views[1]!, new Float32Array(64))).toThrow(
          expect.objectContaining({ code: 'ERR_LAYERWISE' }) as Error,
        );
        expect(() => step.setWeight(views[0]!, new Float32Array(3))).toThrow(
          expect.objectContaining({ code: 'ERR_TENSOR_DATA' }) as Error,
        );
        step.setWeight(views[0]!, wave(64, 9));
        step.setWeight(views[0]!, new Float32Array(64));
      } else
        for await (const { quantized } of step.batches()) {
          expect([...quantized[step.inputs[0]!]!.toFloat32()]).toEqual(new Array(16).fill(0));
        }
    }
    expect(views[0]!.source.constant!.toFloat32()).toEqual(wave(64));
  });

  test('gives what its layers make of the float stream, and the layers as models', async () => {
    const model = line(3);
    const data = dataFromArrays({ x: floats(5, 8) });
    const names = layersOf(model).map(({ output }) => output.name);
    const expected = await wholeRuns(model, names, data, 2);
    for await (const step of await layerwise(model, layersOf(model), data, { streams: 'both', batchSize: 2 })) {
      const [view] = step.views;
      step.setWeight(view!, coarse(view!.toFloat32()));
      expect(step.outputs).toEqual([names[step.index]]);
      const old = await Session.open(step.model());
      const now = await Session.open(step.model('quantized'));
      const order = [2, 0];
      for await (const { run, float, outputs } of step.batches({ outputs: true, runs: [2, 0] })) {
        expect(run).toBe(order.shift());
        const [name] = step.outputs;
        expect(distance(outputs![name!]!, expected[run]![name!]!)).toBeLessThan(ROUNDING);
        expect((await old.run(float!))[name!]!.bytes()).toEqual(outputs![name!]!.bytes());
        expect(distance((await now.run(float!))[name!]!, outputs![name!]!)).toBeGreaterThan(0.01);
      }
      expect(order).toEqual([]);
      await old.dispose();
      await now.dispose();
    }
    for await (const step of await layerwise(model, layersOf(model), data)) {
      await expect(step.batches({ outputs: true }).next()).rejects.toMatchObject({ code: 'ERR_OPTION' });
    }
  });
});

describe('which layers make a step', () => {
  test('those that read the same value; names say what a node reads', async () => {
    const g = new GraphBuilder('qkv');
    const x = g.input('x', 'float32', ['n', 4]);
    const relu = g.op('Relu', [x]);
    const [q, k] = ['q', 'k'].map((name, i) =>
      g.op('MatMul', [relu, g.weight(`w_${name}`, [4, 4], wave(16, i))], {}, { name }),
    );
    const sum = g.op('Add', [q!, k!]);
    const v = g.op('MatMul', [relu, g.weight('w_v', [4, 4], wave(16, 5))], {}, { name: 'v' });
    const last = g.op('MatMul', [g.op('Add', [sum, v]), g.weight('w_o', [4, 4], wave(16, 6))], {}, { name: 'o' });
    const model = g.output(last, 'y').model();
    const steps = await stepsOf(model, layersOf(model).reverse(), dataFromArrays({ x: floats(3, 4) }));
    expect(steps.map(({ nodes }) => nodes.map(({ name }) => name))).toEqual([['q', 'k', 'v'], ['o']]);
    const [node] = steps[0]!.nodes;
    expect([0, 1].map((slot) => steps[0]!.inputName(node!, slot))).toEqual([relu.name, undefined]);
    expect(steps[0]!.inputName(steps[1]!.nodes[0]!, 0)).toBeUndefined();
  });

  test('a block is one step with all that lies in it; what entangles is refused', async () => {
    const model = line(4);
    const nodes = [...model.graph.nodes()];
    const named = (i: number) => nodes.find(({ name }) => name === `layer${i}`)!;
    const data = dataFromArrays({ x: floats(3, 8) });
    const expected = await wholeRuns(model, [named(2).output.name], data, 8);
    const kinds: string[][] = [];
    for await (const step of await layerwise(model, [[named(0), named(2)], [], [named(3), named(3)]], data, {
      streams: 'both',
    })) {
      kinds.push(step.nodes.map(({ op }) => op));
      expect(step.views).toHaveLength(step.index === 0 ? 3 : 1);
      if (step.index > 0) continue;
      for await (const { outputs } of step.batches({ outputs: true })) {
        expect(distance(outputs![named(2).output.name]!, expected[0]![named(2).output.name]!)).toBeLessThan(ROUNDING);
      }
    }
    expect(kinds).toEqual([['MatMul', 'Tanh', 'MatMul', 'Tanh', 'MatMul'], ['MatMul']]);
    await expect(layerwise(model, [[named(0), named(2)], named(1)], data)).rejects.toMatchObject({
      code: 'ERR_OPTION',
    });
    const parallel = new GraphBuilder('crossing');
    const a = parallel.input('a', 'float32', ['n', 2]);
    const w = parallel.weight('w', [2, 2], wave(4));
    const mul = (x: Value) => parallel.op('MatMul', [x, w]);
    const [a1, b1] = [mul(a), mul(parallel.op('Neg', [a]))];
    const [b2, a2] = [mul(a1), mul(b1)];
    const crossing = parallel.output(parallel.op('Add', [a2, b2]), 'y').model();
    const blocks = [
      [a1, a2],
      [b1, b2],
    ].map((values) => values.map(({ producer }) => producer!));
    const x = dataFromArrays({ a: floats(1, 2) });
    await expect(layerwise(crossing, blocks, x)).rejects.toMatchObject({ code: 'ERR_OPTION' });
  });

  test('a tied weight is replaced at its first layer, for all of them, but for readers that are no layers of the walk', async () => {
    const build = () => {
      const g = new GraphBuilder('tied');
      const ids = g.input('ids', 'int64', ['n']);
      const table = g.weight('table', [6, 4], wave(24));
      const e = g.op('Gather', [table, ids], {}, { name: 'embed' });
      const logits = g.op('Gemm', [e, table], { transB: 1 }, { name: 'head' });
      // Integers cross the cut.
      const picked = g.op('ArgMax', [logits], { axis: 1, keepdims: 0 });
      const again = g.op('Gather', [table, picked], {}, { name: 'again' });
      const last = g.op('MatMul', [again, g.weight('w', [4, 2], wave(8))], {}, { name: 'last' });
      return g.output(g.op('Add', [last, g.op('ReduceSum', [logits])]), 'y').model();
    };
    const data = dataFromArrays({ ids: Tensor.fromNumbers('int64', [5], [0, 5, 3, 2, 1]) });
    for (const skipped of ['', 'again']) {
      const model = build();
      const replaced = model.clone();
      const layers = layersOf(model).filter(({ name }) => name !== skipped);
      if (skipped !== '') {
        const reader = [...replaced.graph.nodes()].find(({ name }) => name === skipped)!;
        weightsOf(reader)[0]!.write(wave(24), 'clone-for');
      }
      for await (const step of await layerwise(model, layers, data)) {
        const [node] = step.nodes;
        expect(step.views).toHaveLength(['embed', 'last'].includes(node!.name) ? 1 : 0);
        if (node!.name === 'embed') {
          const table = wave(24, 2);
          step.setWeight(step.views[0]!, table);
          weightsOf([...replaced.graph.nodes()].find(({ name }) => name === 'embed')!)[0]!.write(table);
        }
        const expected = await wholeRuns(replaced, step.inputs, data, 8);
        for await (const { quantized } of step.batches()) {
          for (const input of step.inputs) expect(quantized[input]!.bytes()).toEqual(expected[0]![input]!.bytes());
        }
      }
    }
  });
});

describe('samples', () => {
  test('may differ in size from batch to batch', async () => {
    const g = new GraphBuilder('lengths');
    const x = g.input('x', 'float32', ['n', 't', 4]);
    const h = g.op('Tanh', [g.op('MatMul', [x, g.weight('a', [4, 4], wave(16))])]);
    const model = g.output(g.op('MatMul', [h, g.weight('b', [4, 4], wave(16, 1))]), 'y').model();
    const data = feedsSource([floats(1, 3, 4), floats(1, 7, 4), floats(2, 1, 4)].map((tensor) => ({ x: tensor })));
    const expected = await wholeRuns(model, [h.name], data, 1);
    for await (const step of await layerwise(model, layersOf(model), data)) {
      if (step.index === 0) continue;
      const dims: (readonly number[])[] = [];
      for await (const { run, quantized } of step.batches()) {
        dims.push(quantized[h.name]!.dims);
        expect(distance(quantized[h.name]!, expected[run]![h.name]!)).toBeLessThan(ROUNDING);
      }
      expect(dims).toEqual([
        [1, 3, 4],
        [1, 7, 4],
        [2, 1, 4],
      ]);
    }
  });

  test('of sequences carry the state of the model as it was given', async () => {
    const g = new GraphBuilder('recurrent');
    const x = g.input('x', 'float32', [1, 4]);
    const state = g.input('h', 'float32', [1, 4]);
    const fromInput = g.op('MatMul', [x, g.weight('w', [4, 4], wave(16))], {}, { name: 'w' });
    const fromState = g.op('MatMul', [state, g.weight('u', [4, 4], wave(16, 1))], {}, { name: 'u' });
    const next = g.op('Tanh', [g.op('Add', [fromInput, fromState])]);
    const y = g.op('MatMul', [next, g.weight('v', [4, 2], wave(8))], {}, { name: 'v' });
    g.output(y, 'y', 'float32', [1, 2]);
    const model = g.output(g.op('Identity', [next]), 'hn', 'float32', [1, 4]).model();
    const data = dataFromArrays({ x: floats(2, 3, 4) }, { sequence: true });
    const session = await Session.open(model);
    const states: number[][] = [];
    for await (const { steps } of data.batches({ inputs: session.inputs })) {
      const stepper = session.stepper();
      for (const feeds of steps!) states.push([...(await stepper.step(feeds))['y']!.toFloat32()]);
    }
    expect(states).toHaveLength(6);
    const found: number[][] = [];
    for await (const step of await layerwise(model, layersOf(model), data, { streams: 'both' })) {
      if (step.nodes[0]!.name !== 'v') {
        step.setWeight(step.views[0]!, new Float32Array(16));
        continue;
      }
      for await (const { outputs, quantized } of step.batches({ outputs: true })) {
        found.push([...outputs![step.outputs[0]!]!.toFloat32()]);
        expect([...quantized[step.inputs[0]!]!.toFloat32()]).toEqual([0, 0, 0, 0]);
      }
    }
    found.forEach((values, i) => values.forEach((value, j) => expect(value).toBeCloseTo(states[i]![j]!, 5)));
    await session.dispose();
  });

  test('that only fill a fixed batch up are there, and said to be', async () => {
    const g = new GraphBuilder('fixed');
    const x = g.input('x', 'float32', [4, 3]);
    const y = g.op('MatMul', [g.op('Relu', [x]), g.weight('w', [3, 3], wave(9))]);
    const model = g.output(y, 'y').model();
    for await (const step of await layerwise(model, layersOf(model), dataFromArrays({ x: floats(5, 3) }))) {
      expect(step.samples).toBe(5);
      for await (const { run, count, rows, quantized } of step.batches()) {
        expect([count, rows]).toEqual(run === 0 ? [4, undefined] : [1, 4]);
        expect(quantized[step.inputs[0]!]!.dims).toEqual([4, 3]);
      }
    }
  });
});

describe('bodies', () => {
  /** If on an input, with a layer in each branch, around one more in its then branch. */
  function branching(): Model {
    const g = new GraphBuilder('branching');
    const x = g.input('x', 'float32', ['n', 4]);
    const flag = g.input('flag', 'bool', []);
    const before = g.op('MatMul', [x, g.weight('w0', [4, 4], wave(16))], {}, { name: 'before' });
    const result = g.op('If', [flag]);
    const node = result.producer!;
    for (const [i, name] of ['then_branch', 'else_branch'].entries()) {
      const branch = new Graph(name, { node, attribute: name, index: 0 });
      const weight = branch.addInitializer('w', Tensor.of('float32', [4, 4], wave(16, i + 1)));
      const product = branch.add({ op: 'MatMul', name: 'inner', inputs: [before, weight], outputs: ['p'] });
      branch.setType(product.output, tensorType('float32'));
      branch.addOutput(product.output);
      g.graph.setAttribute(node, name, attribute.graph(branch));
    }
    const after = g.op('MatMul', [result, g.weight('w3', [4, 4], wave(16, 4))], {}, { name: 'after' });
    return g.output(after, 'y').model();
  }

  const allLayers = (model: Model) =>
    [...model.scopes()].flatMap((scope) => [...scope.nodes()].filter((node) => weightsOf(node).length > 0));

  const flags = (...values: number[]) =>
    feedsSource(values.map((value) => ({ x: floats(2, 4), flag: Tensor.fromNumbers('bool', [], [value]) })));

  test('of If are visited where all samples take the same branch', async () => {
    const model = branching();
    const walk = await layerwise(model, allLayers(model), flags(1, 1), { streams: 'both' });
    expect(walk.unreached.map(({ node, reason }) => [node.id, reason])).toEqual([
      [expect.stringContaining('else_branch/inner'), expect.stringContaining('no sample takes its branch')],
    ]);
    const visited: string[] = [];
    for await (const step of walk) {
      visited.push(step.nodes[0]!.id);
      const [view] = step.views;
      if (step.index < 2) step.setWeight(view!, coarse(view!.toFloat32()));
      if (step.index !== 2) continue;
      const replaced = model.clone();
      const twins = allLayers(replaced);
      for (const name of ['before', 'inner']) {
        const twin = twins.find((node) => node.name === name && !node.id.includes('else'))!;
        const weight = weightsOf(twin)[0]!;
        weight.write(coarse(weight.toFloat32()));
      }
      const expected = await wholeRuns(replaced, step.inputs, flags(1, 1), 1);
      for await (const { run, quantized } of step.batches()) {
        expect(distance(quantized[step.inputs[0]!]!, expected[run]![step.inputs[0]!]!)).toBeLessThan(ROUNDING);
      }
    }
    expect(visited).toEqual(['before', expect.stringContaining('then_branch/inner'), 'after']);
  });

  test('are left out where samples take both branches, with the reason', async () => {
    const model = branching();
    const walk = await layerwise(model, allLayers(model), flags(1, 0));
    expect(walk.unreached.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('both branches'),
      expect.stringContaining('both branches'),
    ]);
    const visited: string[] = [];
    for await (const step of walk) visited.push(step.nodes[0]!.id);
    expect(visited).toEqual(['before', 'after']);
  });

  test('of real models: the layers of Silero at one rate', async () => {
    const model = await loadModel(
      join(__dirname, '../../../../node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx'),
    );
    const data = feedsSource(
      [0, 1].map((i) => ({
        input: Tensor.of('float32', [1, 576], wave(576, i)),
        sr: Tensor.scalar('int64', 16000),
      })),
    );
    const layers = allLayers(model);
    const walk = await layerwise(model, layers, data, { streams: 'both' });
    expect(walk.length).toBeGreaterThan(6);
    expect(layers).toHaveLength(walk.unreached.length + walk.length);
    let last = '';
    for await (const step of walk) {
      for (const view of step.views) step.setWeight(view, view.toFloat32());
      for await (const { quantized, float } of step.batches()) {
        for (const input of step.inputs) {
          if (quantized[input]!.dtype === 'float32')
            expect(distance(quantized[input]!, float![input]!)).toBeLessThan(ROUNDING);
        }
      }
      last = step.nodes[0]!.id;
    }
    expect(last).toContain('decoder');
  });
});

test('a layer without data, in a Loop or in a function is left out, with the reason', async () => {
  const g = new GraphBuilder('out of reach');
  const x = g.input('x', 'float32', ['n', 2]);
  const w = g.weight('w', [2, 2], wave(4));
  const fixed = g.op('MatMul', [w, g.weight('v', [2, 2], wave(4, 1))], {}, { name: 'fixed' });
  const [result] = g.ops('Loop', [g.constant(2), g.constant(1, 'bool'), x], {}, { name: 'loop' });
  const node = result!.producer!;
  const body = new Graph('body', { node, attribute: 'body', index: 0 });
  body.addInput('i', tensorType('int64', []));
  const condition = body.addInput('c', tensorType('bool', []));
  const carried = body.addInput('h', tensorType('float32'));
  const kept = body.add({ op: 'Identity', inputs: [condition], outputs: ['c2'] }).output;
  const product = body.add({ op: 'MatMul', name: 'inner', inputs: [carried, w], outputs: ['h2'] }).output;
  for (const [value, type] of [
    [kept, tensorType('bool', [])],
    [product, tensorType('float32')],
  ] as const) {
    body.setType(value, type);
    body.addOutput(value);
  }
  g.graph.setAttribute(node, 'body', attribute.graph(body));
  const after = g.op('MatMul', [g.op('Add', [result!, fixed]), w], {}, { name: 'after' });
  const model = g.output(after, 'y').model();
  const layers = [fixed.producer!, product.producer!, after.producer!];
  const walk = await layerwise(model, layers, dataFromArrays({ x: floats(2, 2) }, {}), { folder: folder() });
  expect(walk.unreached.map(({ node: left, reason }) => [left.name, reason])).toEqual([
    ['fixed', expect.stringContaining('nothing that depends on the data')],
    ['inner', expect.stringContaining('body of Loop loop')],
  ]);
  for await (const step of walk) expect(step.nodes).toEqual([after.producer]);
  expect(existsSync(folder())).toBe(true);
});

test('progress counts steps', async () => {
  const model = line(3);
  const seen: unknown[] = [];
  const options = { onProgress: (progress: unknown) => seen.push(progress) };
  for await (const _ of await layerwise(model, layersOf(model), await openData('random:2'), options)) continue;
  expect(seen).toEqual([1, 2, 3].map((done) => ({ stage: 'layerwise', done, total: 3 })));
});
