import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';
import { runOrt } from '../testing/ort.js';
import { normalLike } from '../testing/problem.js';

const x = Tensor.of('float32', [16, 8, 6, 6], normalLike(16 * 288, 1));
const data = dataFromArrays({ x });

function net(): Model {
  const g = new GraphBuilder('net', { opset: 17 });
  const weight = (dims: readonly number[], seed: number) => {
    const length = dims.reduce((a, b) => a * b, 1);
    return g.weight(
      `w${seed}`,
      dims,
      normalLike(length, seed).map((value) => value / 8),
    );
  };
  const first = g.op(
    'Conv',
    [g.input('x', 'float32', ['n', 8, 6, 6]), weight([16, 8, 3, 3], 2)],
    {},
    { name: 'first' },
  );
  const second = g.op('Conv', [g.op('Relu', [first]), weight([16, 16, 3, 3], 3)], {}, { name: 'second' });
  const flat = g.op('Flatten', [g.op('Relu', [second])]);
  const head = g.op('MatMul', [flat, weight([64, 32], 4)], {}, { name: 'head' });
  return g.output(head, 'y', 'float32', ['n', 32]).model();
}

const common: QuantizeOptions = { mode: 'static', data, costModel: false };

async function errorOf(options: QuantizeOptions): Promise<number> {
  const { model } = await quantize(net(), options);
  const [found, wanted] = [await runOrt(model, { x }), await runOrt(net(), { x })];
  const [a, b] = [found['y']!.toFloat32(), wanted['y']!.toFloat32()];
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
}

test.each(['qdq', 'qoperator'] as const)(
  '%s: bits, granularity and float by layer, as rules of layers say',
  async (format) => {
    const layers = [
      { match: 'second', weights: 'int4', granularity: 'perTensor' },
      { match: 'head', weights: 'float32' },
      { match: '*', weights: 'uint8' },
    ] as const;
    const { model, report } = await quantize(net(), { ...common, format, layers });
    expect(report.warnings).toEqual([]);
    const byName = Object.fromEntries(report.layers.map((layer) => [layer.name, layer]));
    expect(byName['first']).toMatchObject({ action: 'quantized', reason: expect.not.stringContaining('4 bits') });
    expect(byName['second']!.reason).toContain('weights stored in 4 bits');
    expect(byName['head']).toMatchObject({ action: 'left-float', reason: 'its rule says float32' });
    const stored = new Map(Array.from(model.graph.initializers(), (value) => [value.name, value.initializer!]));
    const dtypeOf = (start: string) =>
      [...stored].filter(([name]) => name.startsWith(start)).map(([, { dtype, dims }]) => `${dtype} ${dims.length}`);
    expect(dtypeOf('w2')).toEqual(expect.arrayContaining(['uint8 4', 'float32 1']));
    expect(dtypeOf('w3')).toEqual(expect.arrayContaining(['int4 4', 'float32 0']));
    expect(dtypeOf('w4')).toEqual(['float32 2']);
    expect(JSON.parse(model.metadata.get('gossamer.quantize')!)).toMatchObject({ layers });
    // Between all layers in 8 bits and all in 4.
    const [fine, mixed, coarse] = [
      await errorOf({ ...common, format }),
      await errorOf({ ...common, format, layers }),
      await errorOf({ ...common, format, weights: 'int4' }),
    ];
    expect(fine).toBeLessThan(mixed);
    expect(mixed).toBeLessThan(coarse);
  },
);

test('rules go with learned rounding, the choice of float layers and corrected biases', async () => {
  const layers = [{ match: 'second', weights: 'int4' }] as const;
  const rounded = await errorOf({ ...common, layers });
  expect(await errorOf({ ...common, layers, algorithm: 'adaround' })).toBeLessThan(rounded);
  const kept = await quantize(net(), { ...common, layers, keepFloat: 'auto', targetSqnr: 25 });
  // The layer of 4 bits adds the most noise.
  expect(kept.report.layers.find(({ name }) => name === 'second')!.action).not.toBe('quantized');
  const { report } = await quantize(net(), { ...common, layers, biasCorrection: true });
  expect(report.layers.find(({ name }) => name === 'second')!.reason).toContain('4 bits');
});

test.each<[QuantizeOptions, string]>([
  [{ layers: [{ match: 'second', weights: 'uint3' }] }, 'layers[0].weights: expected'],
  [{ layers: [{ match: 'second', granularity: 'perBlock' }] }, 'layers[0].'],
  [{ layers: [{ match: 'first' }, { match: 'second', weights: 'uint8' }], activations: 'int8' }, 'layers[1].'],
  [{ layers: [{ match: 'second', blockSize: 32 }] }, 'layers[0].blockSize: expected none in static mode, received 32'],
  [{ mode: 'dynamic', layers: [{ match: 'second', weights: 'int8' }] }, 'layers: expected none in dynamic mode'],
  [{ mode: 'weight-only', layers: [{ match: 'second', weights: 'int9' as never }] }, 'layers[0].weights: expected'],
])('%j is refused: %s', async (options, text) => {
  const { data: _, ...rest } = common;
  const given = { ...(options.mode ? rest : common), ...options };
  await expect(quantize(net(), given)).rejects.toMatchObject({ message: expect.stringContaining(text) });
});

test('a rule that no layer matches is a warning', async () => {
  const { report } = await quantize(net(), { ...common, layers: [{ match: 'third', weights: 'int4' }] });
  expect(report.warnings).toEqual(['layers "third": expected a layer id, operator or glob, no layer matches']);
});
