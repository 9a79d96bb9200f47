import type { Model } from '@gossamer/graph';
import { attribute, Graph, GraphBuilder, Tensor, tensorType } from '@gossamer/graph';
import { parseModel, serializeModel } from '@gossamer/graph/onnx';
import { dataFromArrays } from '../data/array-source.js';
import { calibrate } from './calibrate.js';

const samples = (dims: readonly number[], at: (i: number) => number) =>
  Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => at(i)),
  );

/** x -> relu(x * 2) -> + 1; every value is easy to know. */
function chain(shape: readonly (number | string)[], opset = 17): Model {
  const g = new GraphBuilder('chain', { opset });
  const x = g.input('x', 'float32', shape);
  const doubled = g.op('Mul', [x, g.constant(2, 'float32')], {}, { name: 'double' });
  const relu = g.op('Relu', [doubled], {}, { name: 'relu' });
  return g.output(g.op('Add', [relu, g.constant(1, 'float32')]), 'y', 'float32', shape).model();
}

const nodeOutput = (model: Model, op: string) => [...model.graph.nodes()].find((node) => node.op === op)!.output;

describe('calibrate', () => {
  it.each([17, 18])('finds the ranges of inputs, results and constants (opset %i)', async (opset) => {
    const model = chain(['n', 2, 3, 4], opset);
    const x = samples([5, 2, 3, 4], (i) => Math.sin(i) * (i + 1));
    const values = [...x.toFloat32()];
    const constant = nodeOutput(model, 'Mul').producer!.input(1)!;
    const asked = [model.graph.inputs[0]!, nodeOutput(model, 'Mul'), nodeOutput(model, 'Relu'), 'y', constant];
    const { statistics, samples: count, warnings } = await calibrate(model, asked, dataFromArrays({ x }));
    expect(warnings).toEqual([]);
    expect(count).toBe(5);
    const range = (id: string) => [statistics.get(id)!.min, statistics.get(id)!.max];
    const [low, high] = [Math.min(...values), Math.max(...values)];
    expect(range('x')).toEqual([low, high]);
    expect(range(nodeOutput(model, 'Mul').name)).toEqual([2 * low, 2 * high]);
    expect(range(nodeOutput(model, 'Relu').name)).toEqual([0, 2 * high]);
    expect(range('y')).toEqual([1, Math.fround(2 * high + 1)]);
    expect(range(constant.name)).toEqual([2, 2]);
    expect(statistics.get('x')).toMatchObject({ count: 120, absMax: Math.max(-low, high), nanCount: 0, infCount: 0 });
  });

  it('leaves the model as it was', async () => {
    const model = chain(['n', 4]);
    const before = [...model.graph.nodes()].length;
    await calibrate(model, ['y'], dataFromArrays({ x: samples([2, 4], (i) => i) }));
    expect([[...model.graph.nodes()].length, model.graph.outputs.length]).toEqual([before, 1]);
  });

  it.each([2, 3, 5])('does not depend on the batch size (%i)', async (batchSize) => {
    const model = chain(['n', 7]);
    const data = () => dataFromArrays({ x: samples([5, 7], (i) => Math.cos(i * 1.7) * i) });
    const ids = ['x', nodeOutput(model, 'Relu').name, 'y'];
    const one = await calibrate(model, ids, data(), { batchSize: 1, threads: 1 });
    const many = await calibrate(model, ids, data(), { batchSize, threads: 2 });
    expect([...many.statistics]).toEqual([...one.statistics]);
  });

  it('takes ranges along an axis', async () => {
    const model = chain(['n', 2, 3]);
    const x = samples([2, 2, 3], (i) => i - 5);
    const { statistics } = await calibrate(
      model,
      [
        { value: 'x', axis: 1 },
        { value: nodeOutput(model, 'Mul'), axis: 1 },
      ],
      dataFromArrays({ x }),
    );
    expect(statistics.get('x')!.channels).toEqual({
      axis: 1,
      min: Float32Array.of(-5, -2),
      max: Float32Array.of(3, 6),
    });
    const doubled = statistics.get(nodeOutput(model, 'Mul').name)!.channels!;
    expect([[...doubled.min], [...doubled.max]]).toEqual([
      [-10, -4],
      [6, 12],
    ]);
  });

  it.each([
    ['NaN in an input', [1, NaN, -3, 4], [2, -6, 8]],
    ['infinity in a result', [1, 3e38, -3, 4], [2, -6, 8]],
    ['minus infinity in a result', [1, -3e38, -3, 4], [2, -6, 8]],
  ])('counts and leaves out what is not finite: %s', async (_, row, finite) => {
    const model = chain(['n', 4]);
    const x = samples([3, 4], (i) => (i >= 4 && i < 8 ? row[i - 4]! : 0));
    const id = nodeOutput(model, 'Mul').name;
    const { statistics, warnings } = await calibrate(model, [id], dataFromArrays({ x }));
    const { min, max, nanCount, infCount } = statistics.get(id)!;
    expect([min, max, nanCount + infCount]).toEqual([Math.min(0, ...finite), Math.max(0, ...finite), 1]);
    expect(warnings).toEqual([expect.stringContaining(`${id}: `)]);
  });

  it('observes values inside the branches of an If, whichever is taken', async () => {
    const g = new GraphBuilder('if');
    const x = g.input('x', 'float32', ['n', 2]);
    const positive = g.op('Greater', [g.op('ReduceSum', [x], { keepdims: 0 }), g.constant(0, 'float32')]);
    const branch = (op: string) => {
      const body = new Graph(op);
      const node = body.add({ op, inputs: [x], outputs: [`${op}_out`] });
      body.setType(node.output, tensorType('float32'));
      body.addOutput(node.output);
      return body;
    };
    const attributes = { then_branch: attribute.graph(branch('Relu')), else_branch: attribute.graph(branch('Neg')) };
    const chosen = g.op('If', [positive], attributes, { name: 'choice' });
    const model = parseModel(serializeModel(g.output(chosen, 'y', 'float32', ['n', 2]).model()));
    const ids = ['choice/then_branch/Relu_out', 'choice/else_branch/Neg_out'];
    const both = await calibrate(model, ids, dataFromArrays({ x: samples([2, 2], (i) => [5, -1, -7, 2][i]!) }));
    expect(both.warnings).toEqual([]);
    expect(ids.map((id) => both.statistics.get(id)!).map(({ min, max }) => [min, max])).toEqual([
      [0, 5],
      [-2, 7],
    ]);
    const one = await calibrate(model, ids, dataFromArrays({ x: samples([1, 2], () => 1) }));
    expect(one.warnings).toEqual([expect.stringContaining('no value was seen')]);
  });

  it('carries state over the steps of a sequence', async () => {
    const g = new GraphBuilder('sum');
    const x = g.input('x', 'float32', ['n', 1]);
    const h = g.input('h', 'float32', ['n', 1]);
    const sum = g.op('Add', [x, h], {}, { name: 'accumulate' });
    g.output(g.op('Identity', [sum]), 'hn', 'float32', ['n', 1]);
    const model = g.output(g.op('Neg', [sum]), 'y', 'float32', ['n', 1]).model();
    const data = dataFromArrays({ x: samples([2, 3, 1], (i) => i + 1) }, { sequence: true });
    const { statistics } = await calibrate(model, [sum, 'h'], data);
    // 1, 3, 6, then afresh 4, 9, 15.
    expect(statistics.get(sum.name)).toMatchObject({ min: 1, max: 15 });
    expect(statistics.get('h')).toMatchObject({ min: 0, max: 9 });
  });

  it('does not count the rows that fill up a fixed batch', async () => {
    const model = chain([4, 2]);
    const { statistics } = await calibrate(model, ['x'], dataFromArrays({ x: samples([5, 2], (i) => i) }));
    expect(statistics.get('x')!.count).toBe(10);
  });

  it('survives empty tensors', async () => {
    const g = new GraphBuilder('empty');
    const x = g.input('x', 'float32', ['n', 2]);
    const picked = g.op(
      'Compress',
      [x, g.op('Greater', [g.op('ReduceSum', [x, g.constant([1])], { keepdims: 0 }), g.constant(0, 'float32')])],
      { axis: 0 },
    );
    const doubled = g.op('Add', [picked, picked]);
    const model = g.output(doubled, 'y', 'float32', ['k', 2]).model();
    const { statistics } = await calibrate(
      model,
      [doubled],
      dataFromArrays({ x: samples([2, 2], (i) => (i < 2 ? -1 : i)) }),
    );
    expect(statistics.get(doubled.name)).toMatchObject({ min: 4, max: 6 });
  });

  it('names what it cannot observe, and what is not there', async () => {
    const g = new GraphBuilder('shape');
    const x = g.input('x', 'float32', ['n']);
    const shape = g.op('Shape', [x]);
    const model = g.output(shape, 's', 'int64', [1]).model();
    const data = dataFromArrays({ x: samples([1], () => 1) });
    const { statistics, warnings } = await calibrate(model, [shape], data);
    expect(statistics.size).toBe(0);
    expect(warnings).toEqual([expect.stringContaining('int64')]);
    await expect(calibrate(model, ['nope'], data)).rejects.toMatchObject({ code: 'ERR_CALIBRATION' });
    const none = dataFromArrays({ x: samples([0], () => 1) });
    await expect(calibrate(model, ['x'], none)).rejects.toMatchObject({ code: 'ERR_CALIBRATION' });
  });

  it('stops between batches when the signal aborts, and reports progress', async () => {
    const model = chain(['n', 2]);
    const controller = new AbortController();
    const seen: number[] = [];
    const run = calibrate(model, ['y'], dataFromArrays({ x: samples([5, 2], (i) => i) }), {
      signal: controller.signal,
      onProgress: ({ done, total }) => {
        seen.push(done, total!);
        if (done === 2) controller.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(seen).toEqual([1, 5, 2, 5]);
  });
});

describe('calibrate with histograms', () => {
  it('counts every value once, whatever the batch size', async () => {
    const model = chain(['n', 7]);
    const x = samples([5, 7], (i) => Math.cos(i * 1.7) * i);
    const id = nodeOutput(model, 'Mul').name;
    const results = [];
    for (const batchSize of [1, 2, 5]) {
      const { statistics } = await calibrate(model, [id, 'x'], dataFromArrays({ x }), { batchSize, histogram: true });
      results.push([...statistics]);
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    const { histogram, count, meanAbs, absMax } = results[0]![0]![1];
    expect([count, histogram!.total, histogram!.counts.reduce((a, b) => a + b)]).toEqual([35, 35, 35]);
    const exact = [...x.toFloat32()].reduce((sum, value) => sum + Math.abs(2 * value), 0) / 35;
    expect(Math.abs(meanAbs! - exact)).toBeLessThanOrEqual(histogram!.binWidth / 2);
    expect(histogram!.binWidth).toBeLessThanOrEqual((4 / 8192) * absMax);
    expect(results[0]![0]![1].min).toBe(Math.min(...x.toFloat32()) * 2);
  });

  it('may be asked for value by value', async () => {
    const model = chain(['n', 2]);
    const data = dataFromArrays({ x: samples([3, 2], (i) => i) });
    const { statistics } = await calibrate(model, [{ value: 'y', histogram: true }, 'x'], data);
    expect([statistics.get('y')!.histogram?.total, statistics.get('x')!.histogram]).toEqual([6, undefined]);
  });

  it('leaves out what is not finite and the rows that fill up a batch', async () => {
    const model = chain([2, 2]);
    const data = dataFromArrays({ x: samples([3, 2], (i) => [1, NaN, 2, Infinity, 3, 4][i]!) });
    const { statistics, warnings } = await calibrate(model, ['x', nodeOutput(model, 'Mul')], data, { histogram: true });
    for (const { nanCount, infCount, count } of statistics.values()) {
      expect([nanCount, infCount, count]).toEqual([1, 1, 4]);
    }
    expect(warnings).toHaveLength(2);
  });

  it('sees all of a sample that has no batch axis, and no filling beside an input that all samples share', async () => {
    const relu = (shape: readonly number[], rate: boolean) => {
      const g = new GraphBuilder('relu');
      const x = g.input('x', 'float32', shape);
      const scaled = rate ? g.op('Mul', [x, g.input('rate', 'float32', [])]) : x;
      return g.output(g.op('Relu', [scaled]), 'y', 'float32', shape).model();
    };
    const x = samples([5, 6], (i) => i - 7);
    const whole = await calibrate(relu([6], false), ['x', 'y'], dataFromArrays({ x }), { histogram: true });
    expect([...whole.statistics.values()].map(({ count }) => count)).toEqual([30, 30]);
    const rate = Tensor.scalar('float32', 1);
    const filled = await calibrate(relu([4, 6], true), ['x', 'y'], dataFromArrays({ x, rate }), { histogram: true });
    expect([...filled.statistics.values()].map(({ count }) => count)).toEqual([30, 30]);
  });
});
