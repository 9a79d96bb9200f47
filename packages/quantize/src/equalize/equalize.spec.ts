import { bert, leNet5, tinyLm } from '@gossamer/graph/zoo';
import { openData } from '@gossamer/runtime';
import { PROVENANCE_KEY } from '../finish-model.js';
import { quantize } from '../quantize.js';
import { resolveOptions } from '../resolve-options.js';
import { outputDifference, noiseFeeds } from './testing/compare-outputs.js';

describe('quantize after transformations', () => {
  const language = () => tinyLm({ layers: 1, width: 24, heads: 2, vocabulary: 40, context: 8 });

  it('applies them in their order, notes what each did, and says so in the provenance', async () => {
    const model = language();
    const data = await openData('random:8');
    const { model: made, report } = await quantize(model, {
      mode: 'static',
      data,
      equalize: ['smooth', 'rotate'],
      seed: 4,
    });
    const methods = report.equalized!.map(({ method }) => method);
    expect(methods).toEqual([...methods].sort());
    expect(new Set(methods)).toEqual(new Set(['rotate', 'smooth']));
    expect(report.equalized!.filter(({ done }) => done).length).toBeGreaterThan(12);
    expect(JSON.parse(made.metadata.get(PROVENANCE_KEY)!)).toMatchObject({ equalize: ['smooth', 'rotate'], seed: 4 });
    expect(await outputDifference(model, made, await noiseFeeds(model))).toBeLessThan(0.2);
  });

  it('needs data for what looks at activations, and no others', async () => {
    expect(() => resolveOptions({ equalize: 'smooth' })).toThrow(
      expect.objectContaining({ code: 'ERR_CALIBRATION_DATA' }) as Error,
    );
    expect(() => resolveOptions({ equalize: 'squash' as 'smooth' })).toThrow(
      expect.objectContaining({ code: 'ERR_QUANTIZE_OPTION' }) as Error,
    );
    expect(resolveOptions({ equalize: 'none' }).equalize).toEqual([]);
    const { report } = await quantize(leNet5(), {
      mode: 'weight-only',
      granularity: 'perAxis',
      equalize: 'cross-layer',
    });
    expect(report.equalized!.filter(({ done }) => done)).toHaveLength(3);
    const plain = await quantize(bert({ layers: 1, width: 24, heads: 2, vocabulary: 40, context: 8 }), {});
    expect(plain.report.equalized).toBeUndefined();
  });
});
