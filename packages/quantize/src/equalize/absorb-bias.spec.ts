import { join } from 'node:path';
import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { bert } from '@gossamer/graph/zoo';
import { calibrate, dataFromArrays, openData } from '@gossamer/runtime';
import { noise } from '../testing/emit-static.js';
import { absorbHighBiases } from './absorb-bias.js';
import { outputDifference } from './testing/compare-outputs.js';

const root = join(__dirname, '../../../..');

/** conv 1x1 with two high biases, ReLU, max pool, then a convolution or a Gemm. */
function highBiases(padding = 0, end: 'Conv' | 'Gemm' = 'Conv'): Model {
  const g = new GraphBuilder('biased');
  const x = g.input('x', 'float32', ['n', 4, 4, 4]);
  const bias = g.weight('ab', [4], Float32Array.of(20, 0, 9, -1));
  const a = g.op('Conv', [x, g.weight('a', [4, 4, 1, 1], noise(16, 1)), bias], {}, { name: 'a' });
  const pooled = g.op('MaxPool', [g.op('Relu', [a], {}, { name: 'relu' })], { kernel_shape: [2, 2], strides: [2, 2] });
  if (end === 'Gemm') {
    const flat = g.op('Flatten', [pooled]);
    const y = g.op('Gemm', [flat, g.weight('w', [6, 16], noise(96, 2)), g.weight('c', [1], noise(1, 3))], {
      transB: 1,
      beta: 0.5,
    });
    return g.output(y, 'y').model();
  }
  const pads = [padding, padding, padding, padding];
  return g
    .output(g.op('Conv', [pooled, g.weight('w', [3, 4, 2, 2], noise(48, 2))], { pads }, { name: 'b' }), 'y')
    .model();
}

describe('high-bias absorption', () => {
  const x = Tensor.of('float32', [16, 4, 4, 4], noise(1024, 4));

  it.each(['Conv', 'Gemm'] as const)('into a %s: the same outputs on the data, a smaller activation', async (end) => {
    const model = highBiases(0, end);
    const { model: made, report } = await absorbHighBiases(model, { data: dataFromArrays({ x }) });
    expect(report[0]).toMatchObject({ layer: 'a', done: true, text: '2 channels are always above 0' });
    expect(await outputDifference(model, made, [{ x }])).toBeLessThan(1e-5);
    const most = async (of: Model) => {
      const relu = [...of.graph.nodes()].find(({ name }) => name === 'relu')!.output;
      return (await calibrate(of, [relu], dataFromArrays({ x }))).statistics.get(relu.name)!.max;
    };
    expect(await most(made)).toBeLessThan(0.4 * (await most(model)));
  });

  it('is exact only where the value stays above: other data show it', async () => {
    const model = highBiases();
    const { model: made } = await absorbHighBiases(model, { data: dataFromArrays({ x }) });
    const far = Tensor.of(
      'float32',
      [16, 4, 4, 4],
      noise(1024, 4).map((value) => 20 * value),
    );
    expect(await outputDifference(model, made, [{ x: far }])).toBeGreaterThan(0.01);
  });

  it('leaves convolutions that pad, and paths through products', async () => {
    const padded = await absorbHighBiases(highBiases(1), { data: dataFromArrays({ x }) });
    expect(padded.report).toContainEqual({ layer: 'a', done: false, text: 'b pads with zeros' });
    const encoder = bert({ layers: 1, width: 24, heads: 2, vocabulary: 40, context: 8 });
    const { report } = await absorbHighBiases(encoder, { data: await openData('random:2') });
    expect(report).toEqual([
      { layer: 'layer.0.attention.value', done: false, text: 'a product or a part of it lies between' },
    ]);
  });

  it('LeNet-5: the same outputs on the digits it saw', async () => {
    const model = await loadModel(join(root, 'fixtures/models/lenet-5.onnx'));
    const data = await openData('random:16');
    const { model: made } = await absorbHighBiases(model, { data });
    const feeds = [];
    for await (const batch of data.batches({
      inputs: [{ name: 'input', dtype: 'float32', shape: ['n', 1, 28, 28] }],
    })) {
      feeds.push(batch.feeds);
    }
    expect(await outputDifference(model, made, feeds)).toBeLessThan(1e-5);
  });
});
