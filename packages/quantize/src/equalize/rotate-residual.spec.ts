import { join } from 'node:path';
import type { Model } from '@gossamer/graph';
import { loadModel, serializeModel } from '@gossamer/graph/onnx';
import { bert, encoderDecoder, leNet5, tinyLm } from '@gossamer/graph/zoo';
import { openData } from '@gossamer/runtime';
import { countOps, runOrt, sqnr } from '../testing/ort.js';
import { rotateResidual } from './rotate-residual.js';
import { noiseFeeds, outputDifference } from './testing/compare-outputs.js';
import { fakeQuantize } from './testing/fake-quantize.js';
import { injectOutliers } from './testing/inject-outliers.js';

const root = join(__dirname, '../../../..');
const tinylm = () => loadModel(join(root, 'fixtures/models/tinylm.onnx'));

/**
 * Rotated weights are float64 sums rounded once, 2^-24 of their size; the products sum the same K terms in another basis, so that errors
 * are (K + 3) 2^-24 of the norms of a row and a column at most, about 1e-5 for K = 192, and add up at random over the layers.
 */
const ROUNDING = 1e-5;

const texts = (model: Model) => rotateResidual(model).report.map(({ layer, text }) => `${layer}: ${text}`);

describe('rotation of the residual stream', () => {
  it('tinylm: embedding, every block and the head, the same outputs; only the head needs a bias', async () => {
    const model = await tinylm();
    const before = serializeModel(model);
    const { model: made, report } = rotateResidual(model, { seed: 1 });
    expect(report.every(({ done }) => done)).toBe(true);
    expect(report).toHaveLength(1 + 8 + 4 * 4 + 1);
    expect(countOps(made)).toEqual({ ...countOps(model), Add: countOps(model)['Add']! + 1 });
    expect(await outputDifference(model, made, await noiseFeeds(model))).toBeLessThan(ROUNDING);
    expect(Buffer.compare(serializeModel(model), before)).toBe(0);
  });

  it.each([
    ['the tinylm builder', () => tinyLm({ layers: 1, width: 24, heads: 2, vocabulary: 40, context: 8 })],
    ['a decoder', () => encoderDecoder({ layers: 1, width: 40, heads: 2, vocabulary: 40, context: 16 }).decoder],
  ])('%s: the same outputs', async (_, load) => {
    const { model: made, report } = rotateResidual(load());
    expect(report.some(({ done }) => done)).toBe(true);
    expect(await outputDifference(load(), made, await noiseFeeds(load()))).toBeLessThan(ROUNDING);
  });

  it('says why not', () => {
    expect(texts(bert({ layers: 1, width: 24, heads: 2, vocabulary: 40, context: 8 })).join()).toMatch(
      /it is an output/,
    );
    expect(texts(tinyLm({ layers: 1, width: 36, heads: 2, vocabulary: 40, context: 8 })).join()).toMatch(
      /no Hadamard matrix of order 36/,
    );
    expect(texts(leNet5())).toEqual([]);
  });

  it('4-bit weights and activations of tinylm with outliers: most of what was lost comes back', async () => {
    const plain = await tinylm();
    const model = injectOutliers(plain, 16, 37);
    const data = await openData(`npz:${join(root, 'fixtures/models/tinylm-calib.npz')}`, { limit: 1 });
    const [feeds] = await noiseFeeds(plain, data);
    const wanted = (await runOrt(plain, feeds!))['logits']!;
    const quality = async (from: Model) => {
      const made = fakeQuantize(from, { activationBits: 4, per: 'row', weightBits: 4 });
      return sqnr(wanted, (await runOrt(made, feeds!))['logits']!);
    };
    const [hurt, rotated] = [await quality(model), await quality(rotateResidual(model).model)];
    expect(rotated).toBeGreaterThan(hurt + 8);
  });
});
