import { Session } from '@gossamer/runtime';
import { buildKernelModels } from './build-kernel-model.js';
import { type KernelKind, parseShapes } from './kernel-case.js';
import { compareOutputs } from './measure-pair.js';

function caseOf(kind: KernelKind, shape: string, more: object = {}) {
  const group = {
    group: 'g',
    kinds: [kind],
    shapes: [shape],
    ...(kind === 'nbits' ? { blockSizes: [32] } : {}),
    ...more,
  };
  return parseShapes({ groups: [group] }, 'test')[0]!;
}

async function outputs(source: Uint8Array | string, feeds: Parameters<Session['run']>[0], engine: string) {
  const session = await Session.open(source, { engine, threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

describe('buildKernelModels', () => {
  it.each<[KernelKind, number]>([
    ['int32', 0],
    ['int32-s8s8', 0],
    ['quantized', 0.02],
    ['dynamic', 1e-4],
    ['float', 1e-4],
    ['nbits', 0.05],
  ])('%s: ONNX Runtime and the reference evaluator agree', async (kind, tolerance) => {
    const { work, call } = buildKernelModels(caseOf(kind, '3x20x64'));
    const [ort, reference] = [
      await outputs(work.source, work.feeds, 'ort'),
      await outputs(work.source, work.feeds, 'reference'),
    ];
    expect(ort['y']!.dims).toEqual([3, 20]);
    expect(new Set(ort['y']!.toFloat64()).size).toBeGreaterThan(10);
    expect(compareOutputs(ort, reference).relative).toBeLessThanOrEqual(tolerance);
    const idle = await outputs(call.source, call.feeds, 'ort');
    expect([idle['y']!.dtype, idle['y']!.dims]).toEqual([ort['y']!.dtype, [3, 20]]);
  });

  it('layers in a row keep their outputs in range', async () => {
    for (const kind of ['quantized', 'dynamic', 'float'] as const) {
      const { work } = buildKernelModels(caseOf(kind, '2x64x64', { repeat: 8 }));
      const y = (await outputs(work.source, work.feeds, 'ort'))['y']!.toFloat64();
      const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
      const deviation = Math.sqrt(y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / y.length);
      expect(deviation).toBeGreaterThan(kind === 'quantized' ? 10 : 0.2);
      expect(deviation).toBeLessThan(kind === 'quantized' ? 110 : 5);
    }
  });

  it('puts the mask on the weights', () => {
    expect(buildKernelModels(caseOf('int32', '1x8x128', { masks: ['12:64'] })).sparsity).toBe(1 - 12 / 64);
    expect(buildKernelModels(caseOf('int32', '1x8x128')).sparsity).toBe(0);
  });
});
