import { loadModel } from '../onnx/index.js';
import { DEFAULT_PIPELINE, PASSES } from './registry.js';
import { runPasses } from './run-passes.js';
import { applyPasses, kinds } from './testing/check-pass.js';
import { expectEqualBits, sqnrDb } from './testing/compare.js';
import { Referee } from './testing/ort-session.js';
import { feedsOf, pathOf, REAL_MODELS } from './testing/real-models.js';

const EXACT = PASSES.filter(({ name, exactness }) => exactness === 'exact' && DEFAULT_PIPELINE.includes(name));

/**
 * Float32 rounding (2^-24 an operation: 144 dB) through 100 reordered layers stays above 100 dB where no output is a difference of large
 * numbers; a wrong rewrite is at most some 20 dB.
 */
const MIN_SQNR_DB = 100;

describe.each(REAL_MODELS)('$file', (real) => {
  it('has bitwise the same outputs after the exact passes', async () => {
    const model = await loadModel(pathOf(real));
    const { model: optimized } = applyPasses(
      model,
      EXACT.map((pass) => pass.name),
    );
    const before = await Referee.open(model);
    const after = await Referee.open(optimized);
    for (const n of [1, 2]) {
      const feeds = feedsOf(real, n);
      expectEqualBits(await after.run(feeds), await before.run(feeds));
    }
    await Promise.all([before.close(), after.close()]);
  });

  it('has the same outputs but for rounding after the default passes, from no more nodes', async () => {
    const model = await loadModel(pathOf(real));
    const { model: optimized, applied, warnings } = applyPasses(model, 'default');
    expect(warnings).toEqual([]);
    const changes = applied.reduce((sum, pass) => sum + pass.changes, 0);
    if (changes === 0) expect(kinds(optimized)).toEqual(kinds(model));
    else expect(kinds(optimized).length).toBeLessThan(kinds(model).length);
    const before = await Referee.open(model);
    const after = await Referee.open(optimized);
    for (const n of [1, 2]) {
      const feeds = feedsOf(real, n);
      expect(sqnrDb(await after.run(feeds), await before.run(feeds))).toBeGreaterThan(MIN_SQNR_DB);
    }
    await Promise.all([before.close(), after.close()]);
  });
});

/** Models in which fusions wait for a later opset, and where that is: Attention, Gelu, LayerNormalization. */
test.each([
  ['tinylm.onnx', 23],
  ['ch_PP-OCRv4_rec_infer.onnx', 17],
  ['hey_jarvis_v0.1.onnx', 17],
])('%s raised to opset %i for ONNX Runtime has the same outputs but for rounding', async (name, opset) => {
  const real = REAL_MODELS.find(({ file }) => file.endsWith(name))!;
  const model = await loadModel(pathOf(real));
  const { model: fused, blocked, warnings } = runPasses(model, 'onnxruntime', { raiseOpset: true });
  expect([fused.opset, blocked, warnings]).toEqual([opset, [], []]);
  const [before, after] = [await Referee.open(model), await Referee.open(fused)];
  for (const n of [1, 2]) {
    const feeds = feedsOf(real, n);
    expect(sqnrDb(await after.run(feeds), await before.run(feeds))).toBeGreaterThan(MIN_SQNR_DB);
  }
  await Promise.all([before.close(), after.close()]);
});
