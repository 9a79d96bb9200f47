import { join } from 'node:path';
import type { Model } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { quantize, type QuantizeOptions } from '@gossamer/quantize';
import { openData } from '@gossamer/runtime';
import { type PerplexityChange, perplexityChange, perplexityOf } from '../experiments/perplexity-change.js';
import { windowLosses } from '../experiments/window-losses.js';
import type { Claim, SuiteFindings } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { repositoryFolder } from '../package-folder.js';

/** A small language model in few bits. */
export const languageBits: Suite = {
  name: 'language-bits',
  about: 'tinylm in 4, 3 and 2 bits by every algorithm: perplexity on 72,064 held-out tokens, bytes',
  run: measureLanguage,
};

const ALGORITHMS = ['nearest', 'importance', 'hqq', 'adaround', 'gptq', 'gptaq'] as const;

/** Those whose figures are claims. */
const CLAIMED: readonly string[] = ['adaround', 'gptaq'];

/** One way to store weights, and what was asked of it. */
interface Row {
  readonly name: string;
  readonly how: Omit<QuantizeOptions, 'mode' | 'data' | 'algorithm'>;
  /** Default: ALGORITHMS. */
  readonly algorithms?: readonly string[];
  /** Most rise of the perplexity, in percent; or least share of the nearest codes' rise that is taken away. */
  readonly asked?: { readonly most: number } | { readonly closes: number };
}

/** All 25 products, the last one too; the embedding stays float. */
const PRODUCTS = { exclude: ['Gather'], accuracyLevel: 1 } as const;

const ROWS: readonly Row[] = [
  {
    name: 'int4, a scale a column',
    how: { weights: 'int4', edgeBits: 4, granularity: 'perAxis' },
    asked: { closes: 0.6 },
  },
  { name: 'uint4, blocks of 32', how: { weights: 'uint4', edgeBits: 4 }, asked: { closes: 0 } },
  { name: 'uint3, blocks of 32', how: { weights: 'uint3', edgeBits: 3 }, asked: { most: 1.8 } },
  { name: 'uint2, blocks of 32', how: { weights: 'uint2', edgeBits: 2 }, asked: { most: 11 } },
  { name: 'nf4, blocks of 32', how: { weights: 'nf4', edgeBits: 4 } },
  { name: 'codebook3, a table a column', how: { weights: 'codebook3', edgeBits: 3, granularity: 'perAxis' } },
  {
    name: 'codebook3, a table a column, trained',
    how: { weights: 'codebook3', edgeBits: 3, granularity: 'perAxis' },
    algorithms: ['codebook-fit'],
  },
  ...[3, 2].flatMap((bits) =>
    (['awq', 'rotate'] as const).map((equalize) => ({
      name: `uint${bits}, blocks of 32, ${equalize === 'awq' ? 'with AWQ' : 'rotated'}`,
      how: { weights: `uint${bits}`, edgeBits: bits, equalize },
      algorithms: equalize === 'awq' ? ['nearest', 'awq-clip', 'gptaq', 'adaround'] : ['gptaq', 'adaround'],
    })),
  ),
];

interface Measured {
  readonly row: Row;
  readonly algorithm: string;
  readonly perplexity: number;
  readonly change: PerplexityChange;
  readonly bytes: number;
}

async function measureLanguage(context: SuiteContext): Promise<SuiteFindings> {
  const fixture = (file: string) => join(repositoryFolder(), 'fixtures', 'models', file);
  const test = fixture('tinylm-eval-full.npz');
  const model = await loadModel(fixture('tinylm.onnx'));
  const before = await windowLosses(model, test);
  const results: Measured[] = [];
  for (const row of ROWS.filter(({ name }) => context.filter?.some((text) => name.includes(text)) ?? true)) {
    for (const algorithm of row.algorithms ?? ALGORITHMS) {
      context.signal.throwIfAborted();
      // HQQ moves zero points, which levels have not.
      if (algorithm === 'hqq' && !row.how.weights!.startsWith('uint')) continue;
      const { small, bytes } = await quantized(model, row, algorithm, fixture('tinylm-calib.npz'));
      const losses = await windowLosses(small, test);
      const found = {
        row,
        algorithm,
        bytes,
        perplexity: perplexityOf(losses),
        change: perplexityChange(before, losses),
      };
      results.push(found);
      context.say(
        `${row.name}, ${algorithm}: perplexity ${found.perplexity.toFixed(3)} (${percent(found.change.percent)})`,
      );
    }
  }
  return {
    summary: SUMMARY,
    claims: results.flatMap(({ row }, i) => (results[i - 1]?.row === row ? [] : claims(row, results))),
    tables: [
      {
        title: `Perplexity; the float model has ${perplexityOf(before).toFixed(3)}`,
        columns: ['weights', 'algorithm', 'perplexity', 'rise (95 %)', 'bytes of constants'],
        rows: results.map(({ row, algorithm, perplexity, change, bytes }) => [
          row.name,
          algorithm,
          perplexity.toFixed(3),
          `${percent(change.percent)} (${percent(change.low)} to ${percent(change.high)})`,
          String(bytes),
        ]),
      },
    ],
    data: {
      float: perplexityOf(before),
      results: results.map(({ row, ...rest }) => ({ name: row.name, how: row.how, ...rest })),
    },
  };
}

const SUMMARY = `fixtures/models/tinylm.onnx, 2.0 million parameters; all 25 products quantized, the output matrix too, the embedding in float. Calibrated on 64 windows of the training text,
layer by layer; nothing was chosen on the held-out text. The interval is a paired bootstrap over its 563 windows of 128 tokens. Products run in float32 (accuracy level 1), so that the rows differ by
their weights alone.`;

async function quantized(model: Model, { how }: Row, algorithm: string, calibration: string) {
  const data = await openData(`npz:${calibration}`);
  // Importance weighs the errors of a search of clips; without one it does nothing.
  const options = {
    ...PRODUCTS,
    ...how,
    mode: 'weight-only',
    algorithm,
    data,
    clip: algorithm === 'importance',
  } as const;
  const { model: small, report } = await quantize(model, options);
  return { small, bytes: report.bytes.after };
}

function claims({ name, asked }: Row, results: readonly Measured[]): Claim[] {
  const own = results.filter(({ row }) => row.name === name);
  const nearest = own.find(({ algorithm }) => algorithm === 'nearest');
  if (!asked || !nearest) return [];
  return own
    .filter(({ algorithm }) => CLAIMED.includes(algorithm))
    .map(({ algorithm, change }): Claim => {
      const measured = `${percent(nearest.change.percent)} -> ${percent(change.percent)}`;
      if ('most' in asked) {
        const claim = `${name}, ${algorithm}: the perplexity rises by at most ${asked.most} %`;
        return { claim, measured, holds: change.percent <= asked.most };
      }
      const closed = 1 - change.percent / nearest.change.percent;
      const share =
        asked.closes > 0 ? `at least ${100 * asked.closes} % of the rise taken away` : 'never worse than rounding';
      return {
        claim: `${name}, ${algorithm}: ${share}`,
        measured: `${measured} (${(100 * closed).toFixed(0)} %)`,
        holds: closed >= asked.closes,
      };
    });
}

const percent = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(2)} %`;
