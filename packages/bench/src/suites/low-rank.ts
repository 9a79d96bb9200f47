import { join } from 'node:path';
import { factorize, type FactorizeOptions } from '@gossamer/factorize';
import { type Model, Tensor } from '@gossamer/graph';
import { loadModel, saveModel } from '@gossamer/graph/onnx';
import { type DataSource, dataFromArrays, readNpz } from '@gossamer/runtime';
import { type ExperimentRun, ExperimentStore, type Outcome } from '../experiments/experiment-store.js';
import { mnistData } from '../experiments/mnist-data.js';
import { perplexityOf } from '../experiments/perplexity-change.js';
import { testErrors } from '../experiments/test-errors.js';
import { windowLosses } from '../experiments/window-losses.js';
import { type PairedLatency, pairedLatency } from '../harness/paired-latency.js';
import type { Claim, SuiteFindings, Table } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { layerErrors, type LayerErrors } from '../low-rank/layer-errors.js';
import { rankModel } from '../low-rank/rank-model.js';
import { repositoryFolder } from '../package-folder.js';

/** Layers as products of smaller ones. `--only errors,quality,speed`: of these parts. */
export const lowRank: Suite = {
  name: 'low-rank',
  isTimed: true,
  about:
    'plain and whitened SVD at every rank on held-out samples, Tucker-2, CP and spatial cuts of convolutions, and where a rank pays in ONNX Runtime',
  run: measureLowRank,
};

const fixture = (file: string) => join(repositoryFolder(), 'fixtures', 'models', file);

/** A model with samples to whiten with, samples that nothing was chosen by, and layers to look at. */
interface Subject {
  readonly file: string;
  readonly layers: readonly string[];
  readonly calibration: () => Promise<DataSource>;
  readonly heldOut: () => Promise<DataSource>;
  readonly quality: (model: Model) => Promise<Outcome>;
  readonly cuts: Readonly<Record<string, FactorizeOptions>>;
}

const windows = async (file: string, count: number) => {
  const tokens = (await readNpz(fixture(file)))['tokens']!;
  const length = tokens.dims[1]!;
  return dataFromArrays({
    tokens: Tensor.of(
      'int64',
      [count, length],
      BigInt64Array.from(tokens.toIntegers().slice(0, count * length), BigInt),
    ),
  });
};

const digits = (first: number, count: number) => {
  const input = new Float32Array(count * 784);
  mnistData('training', [1, 28, 28]).read(
    Uint32Array.from({ length: count }, (_, i) => first + i),
    { input },
  );
  return Promise.resolve(dataFromArrays({ input: Tensor.of('float32', [count, 1, 28, 28], input) }));
};

const SHARE = { budget: { of: 'bytes', share: 0.6 }, roundTo: 4 } as const;

const SUBJECTS: readonly Subject[] = [
  {
    file: 'tinylm.onnx',
    layers: ['/blocks.0/q/MatMul', '/blocks.1/o/MatMul', '/blocks.2/up/MatMul', '/blocks.3/down/MatMul'],
    calibration: () => windows('tinylm-calib.npz', 64),
    heldOut: () => windows('tinylm-eval.npz', 32),
    quality: async (model) => ({
      figures: { perplexity: perplexityOf(await windowLosses(model, fixture('tinylm-eval-full.npz'))) },
    }),
    cuts: Object.fromEntries(
      [32, 64, 96].flatMap((rank) =>
        (['svd', 'whitened-svd'] as const).flatMap((method) => [
          [`${method}, rank ${rank}`, { method, rank }] as const,
        ]),
      ),
    ),
  },
  {
    file: 'resnet20-mnist.onnx',
    layers: [
      '/stages.0/stages.0.1/conv1/Conv',
      '/stages.1/stages.1.1/conv1/Conv',
      '/stages.2/stages.2.1/conv1/Conv',
      '/stages.2/stages.2.2/conv2/Conv',
    ],
    calibration: () => digits(0, 128),
    heldOut: () => digits(50_000, 64),
    quality: (model) => testErrors(model, mnistData('test', [1, 28, 28])),
    cuts: Object.fromEntries(
      (['svd', 'whitened-svd', 'tucker-2', 'cp', 'spatial'] as const).map((method) => [
        `${method}, ${100 * SHARE.budget.share} % of the bytes`,
        { method, ...SHARE },
      ]),
    ),
  },
];

/** Products as BERT and tinylm have them, rows of x first, and ranks up to where multiply-accumulates are equal. */
const SHAPES = [
  [128, 192, 768, [32, 64, 96, 128]],
  [128, 768, 768, [64, 128, 192, 256, 320, 384]],
  [128, 768, 3072, [64, 128, 256, 384, 512, 608]],
  [1, 768, 3072, [64, 128, 256, 384, 512, 608]],
] as const;
const PAIRS = 18;
const IDENTITY = 1e-6;

interface Quality extends Outcome {
  readonly model: string;
  readonly cut: string;
}

interface Speed {
  readonly m: number;
  readonly columns: number;
  readonly rows: number;
  readonly rank: number;
  readonly found: PairedLatency;
}

async function measureLowRank(context: SuiteContext): Promise<SuiteFindings> {
  const wants = (part: string) => context.only?.includes(part) ?? true;
  const errors: (LayerErrors & { readonly model: string })[] = [];
  const qualities: Quality[] = [];
  for (const subject of SUBJECTS) {
    const model = await loadModel(fixture(subject.file));
    const name = subject.file.replace('.onnx', '');
    if (wants('errors')) {
      context.say(`${name}: errors at every rank`);
      const [calibration, heldOut] = [await subject.calibration(), await subject.heldOut()];
      const found = await layerErrors(model, subject.layers, calibration, heldOut, context.signal);
      errors.push(...found.map((layer) => ({ ...layer, model: name })));
    }
    if (wants('quality')) qualities.push(...(await cutAll(model, name, subject, context)));
  }
  const speeds = wants('speed') ? await measureSpeeds(context) : [];
  return {
    summary: SUMMARY,
    claims: claims(errors),
    tables: [errorTable(errors), qualityTable(qualities), speedTable(speeds)].filter(({ rows }) => rows.length > 0),
    data: {
      errors: errors.map(({ plain, whitened, plainOwn, whitenedOwn, ...rest }) => ({
        ...rest,
        ...{ plain: [...plain], whitened: [...whitened], plainOwn: [...plainOwn], whitenedOwn: [...whitenedOwn] },
      })),
      quality: qualities.map(({ model, cut, figures }) => ({ model, cut, figures })),
      speeds,
    },
  };
}

const SUMMARY = `Errors: power of the change of a layer's output as a share of the output's power, at every rank from 1 to the smaller side, float64. Whitened with 64 windows of the training text (tinylm) or the first 128 training digits (resnet20), measured on 32
held-out windows or on 64 other training digits. Quality: the whole model cut by \`factorize\`, judged once by ONNX Runtime (perplexity on 72,064 held-out tokens, errors on the 10,000 test digits), without recovery. Speed: stock ONNX Runtime, one thread, a dense
float32 product beside two smaller ones of random weights, in turns (median of paired ratios with its 95 % bootstrap interval).`;

async function cutAll(model: Model, name: string, subject: Subject, context: SuiteContext): Promise<Quality[]> {
  const store = new ExperimentStore(context.runs);
  const measure = (cut: string, options: FactorizeOptions | undefined) => {
    const experiment: ExperimentRun = {
      ...{ name: `${name}-${cut.replaceAll(/[ ,%]+/g, '-')}`, seed: 0, recipe: { name, cut, ...options } },
      run: async () => {
        if (!options) return subject.quality(model);
        const data = await subject.calibration();
        const { model: small, report } = await factorize(model, { ...options, data, signal: context.signal });
        const cutLayers = report.layers.filter(({ action }) => action === 'factorized').length;
        const judged = await subject.quality(small);
        const { bytes, macs } = report;
        return { ...judged, figures: { ...judged.figures, cutLayers, bytes: bytes.ratio, macs: macs.ratio } };
      },
    };
    return store.measure(experiment, context.say);
  };
  const rows: Quality[] = [{ model: name, cut: 'whole', ...(await measure('whole', undefined)) }];
  for (const [cut, options] of Object.entries(subject.cuts))
    rows.push({ model: name, cut, ...(await measure(cut, options)) });
  return rows;
}

async function measureSpeeds({ scratch, signal, say }: SuiteContext): Promise<Speed[]> {
  const speeds: Speed[] = [];
  for (const [m, columns, rows, ranks] of SHAPES) {
    const file = (rank?: number) => join(scratch, `${m}-${columns}-${rows}-${rank ?? 'whole'}.onnx`);
    await saveModel(rankModel(m, columns, rows), file(), { fsync: false });
    const x = Tensor.of(
      'float32',
      [m, columns],
      Float32Array.from({ length: m * columns }, (_, i) => Math.sin(i)),
    );
    for (const rank of ranks) {
      await saveModel(rankModel(m, columns, rows, rank), file(rank), { fsync: false });
      const found = await pairedLatency(file(), file(rank), { x }, { pairs: PAIRS, signal });
      say(`${m} x ${columns} x ${rows}, rank ${rank}: ${found.ratio.toFixed(2)}x`);
      speeds.push({ m, columns, rows, rank, found });
    }
  }
  return speeds;
}

/** Of all ranks but the full one, which loses nothing either way. */
function claims(errors: readonly (LayerErrors & { readonly model: string })[]): Claim[] {
  if (errors.length === 0) return [];
  const ranks = errors.reduce((sum, { plain }) => sum + plain.length - 1, 0);
  const worse = (better: 'whitened' | 'whitenedOwn', than: 'plain' | 'plainOwn') =>
    errors.reduce(
      (sum, layer) =>
        sum + layer[better].filter((error, i) => i + 1 < layer.plain.length && error > layer[than][i]!).length,
      0,
    );
  const [own, heldOut] = [worse('whitenedOwn', 'plainOwn'), worse('whitened', 'plain')];
  const furthest = Math.max(...errors.map(({ identity }) => identity));
  return [
    {
      claim: 'whitened SVD loses no more of the output than plain SVD at any rank, on held-out samples',
      measured: `${heldOut} of ${ranks} ranks of ${errors.length} layers lose more`,
      holds: heldOut === 0,
    },
    {
      claim: 'the same on the samples that were whitened with',
      measured: `${own} of ${ranks} ranks lose more`,
      holds: own === 0,
    },
    {
      claim: `the error of whitened SVD is the sum of the squares of the singular values left out, to ${IDENTITY} of the output's power`,
      measured: furthest.toExponential(1),
      holds: furthest <= IDENTITY,
    },
  ];
}

const SHOWN = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4];

function errorTable(errors: readonly (LayerErrors & { readonly model: string })[]): Table {
  return {
    title: "Output error on held-out samples, plain / whitened, % of the output's power, at shares of the full rank",
    columns: ['model', 'layer', 'rows x columns', ...SHOWN.map((share) => `${share} of the rank`), 'largest gain'],
    rows: errors.map(({ model, layer, rows, columns, plain, whitened }) => [
      ...[model, layer, `${rows} x ${columns}`],
      ...SHOWN.map((share) => {
        const at = Math.max(1, Math.round(share * plain.length)) - 1;
        return `${(100 * plain[at]!).toPrecision(3)} / ${(100 * whitened[at]!).toPrecision(3)}`;
      }),
      `${Math.max(...Array.from(plain.subarray(0, -1), (error, i) => error / Math.max(whitened[i]!, Number.EPSILON))).toPrecision(3)}x`,
    ]),
  };
}

function qualityTable(qualities: readonly Quality[]): Table {
  return {
    title: 'Whole models, cut',
    columns: ['model', 'cut', 'layers cut', 'quality', 'bytes of the layers', 'MACs'],
    rows: qualities.map(({ model, cut, figures }) => [
      ...[model, cut, String(figures['cutLayers'] ?? '')],
      figures['errors'] === undefined
        ? `perplexity ${figures['perplexity']!.toFixed(3)}`
        : `${figures['errors']} errors`,
      ...['bytes', 'macs'].map((key) => (figures[key] === undefined ? '' : `${figures[key].toFixed(2)}x fewer`)),
    ]),
  };
}

function speedTable(speeds: readonly Speed[]): Table {
  return {
    title: 'Two products in the place of one, ONNX Runtime, one thread, float32',
    columns: ['rows of x', 'features', 'rank', 'MACs', 'whole us', 'cut us', 'faster', 'by processor time'],
    rows: speeds.map(({ m, columns, rows, rank, found }) => [
      ...[String(m), `${columns} to ${rows}`, String(rank)],
      `${((columns * rows) / (rank * (columns + rows))).toFixed(2)}x fewer`,
      ...[found.a, found.b].map(({ median }) => (1000 * median).toFixed(1)),
      ...[found, found.cpu].map(
        ({ ratio, low, high }) => `${ratio.toFixed(2)}x (${low.toFixed(2)}-${high.toFixed(2)})`,
      ),
    ]),
  };
}
