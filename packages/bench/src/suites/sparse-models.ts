import { GossamerError } from '@gossamer/graph';
import type { JobRequest } from '../cases/ask-child.js';
import type { ModelJob } from '../cases/case-job.js';
import { type CaseOutcome, type CaseResult, isMeasured } from '../cases/case-result.js';
import { failureTable, ratioText } from '../cases/kernel-report.js';
import { measureJobs, type NamedJob } from '../cases/measure-cases.js';
import { caseId } from '../cases/run-job.js';
import type { Claim, SuiteFindings, Table } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { keepModel, type KeptModel, PATTERNS } from '../sparse-models/keep-model.js';
import { type LayerTime, layerTimes } from '../sparse-models/layer-times.js';
import { SPARSE_MODELS } from '../sparse-models/sparse-model.js';

/** Models with zeros in int8: speed beside quality. */
export const sparseModels: Suite = {
  name: 'sparse-models',
  isTimed: true,
  about:
    'resnet20, tinylm and BERT-base at 80 % zeros and 12:64, recovered, in int8: engine native beside ONNX Runtime, and what it costs in quality',
  run: measureSparseModels,
};

const SECONDS = 4;

async function measureSparseModels(context: SuiteContext): Promise<SuiteFindings> {
  const kept: KeptModel[] = [];
  for (const model of SPARSE_MODELS) {
    for (const pattern of Object.keys(PATTERNS)) {
      const name = `${model.name} ${pattern}`;
      if (!(context.only?.includes(name) ?? true) || !(context.filter?.some((text) => name.includes(text)) ?? true))
        continue;
      kept.push(await keepModel(model, pattern, context));
    }
  }
  if (kept.length === 0) {
    const names = SPARSE_MODELS.map(({ name }) => name).join(', ');
    throw new GossamerError(
      'ERR_SUITE',
      `filter: expected a part of a case's name, received none's; models: ${names}; patterns: ${Object.keys(PATTERNS).join(', ')}`,
    );
  }
  const outcomes = await measureJobs(
    kept.flatMap((own) => jobsOf(own, context)),
    context,
  );
  const layers = new Map<KeptModel, LayerTime[]>();
  for (const own of kept) layers.set(own, await layerTimes(own.path, context.signal));
  const failures = failureTable(outcomes);
  const failed = outcomes.filter((outcome) => !isMeasured(outcome)).length;
  return {
    summary: SUMMARY,
    claims: claims(outcomes),
    tables: [modelTable(kept, outcomes, layers), layerTable(layers), ...(failures ? [failures] : [])],
    warnings: failed > 0 ? [`${failed} of ${outcomes.length} cases could not be measured`] : [],
    data: {
      models: kept.map(({ model, pattern, outcome }) => ({ model, pattern, figures: outcome.figures })),
      cases: outcomes,
      layers: [...layers].map(([{ model, pattern }, times]) => ({ model, pattern, times })),
    },
  };
}

const SUMMARY = `Weights of least magnitude are set to 0, the same share of each layer (the first convolution and the classifier of resnet20 stay dense); 12:64 and max16:64 along what a layer sums over. resnet20 and tinylm then recover by distillation from
the dense model with the zeros held (600 steps of 64 digits, 300 of 16 windows); BERT has random weights, so that its quality says nothing and only the outputs of the two engines are compared. int8: resnet20 static, the others dynamic. Quality is taken once, by
ONNX Runtime: errors on the 10,000 test digits, perplexity on 72,064 held-out tokens. Speed is of batch 1: both engines run the same file in one fresh process, in turns; "faster" is the median of the paired ratios with its 95 % bootstrap interval.
Layers: what each product takes at its best of 30 runs on either side, by the profilers of both, with the quantization of its input and its scales where the engine does them in the product; "pruned layers" is of their sums, with the least and the most of a single layer.
A second run with the same folder takes the models as they are and measures times alone.`;

const nameOf = ({ model, pattern }: KeptModel): string => `${model} ${pattern}`;

function jobsOf(own: KeptModel, { threads, engines }: SuiteContext): NamedJob[] {
  const [name, group] = [nameOf(own), own.model];
  return threads.map((count) => {
    const facts = { model: own.model, pattern: own.pattern };
    const job: JobRequest<ModelJob> = {
      ...{ kind: 'model', name, group, threads: count, facts, engines, path: own.path, bindings: {}, seconds: SECONDS },
    };
    return { id: caseId(name, count), name, group, threads: count, job };
  });
}

/** Speed is what zeros are for: with them both engines' whole runs are compared. */
function claims(outcomes: readonly CaseOutcome[]): Claim[] {
  return outcomes.filter(isMeasured).flatMap((result): Claim[] => {
    const { low, high } = result.ratio;
    if (result.facts['pattern'] === 'dense') return [];
    return [
      {
        claim: `${result.name}, ${result.threads} thread${result.threads === 1 ? '' : 's'}: faster than the same file in ONNX Runtime`,
        measured: ratioText(result.ratio),
        holds: low > 1 ? true : high < 1 ? false : 'undecided',
      },
    ];
  });
}

function modelTable(
  kept: readonly KeptModel[],
  outcomes: readonly CaseOutcome[],
  layers: ReadonlyMap<KeptModel, readonly LayerTime[]>,
): Table {
  const results = outcomes.filter(isMeasured);
  return {
    title: 'Whole models',
    columns: [
      ...['model', 'zeros', 'of pruned layers', 'quality', 'threads', 'native ms', 'ONNX Runtime ms', 'faster'],
      ...['by processor time', 'pruned layers', 'of own dense', 'outputs apart'],
    ],
    rows: kept.flatMap((own) =>
      results
        .filter(({ name }) => name === nameOf(own))
        .map((result) => [
          own.model,
          own.pattern,
          `${(100 * own.outcome.figures['zeros']!).toFixed(1)} %`,
          qualityText(own),
          String(result.threads),
          (result.subject.us.median / 1000).toFixed(3),
          (result.peer.us.median / 1000).toFixed(3),
          ratioText(result.ratio),
          result.cpuRatio ? ratioText(result.cpuRatio) : '',
          result.threads === 1 ? layersText(layers.get(own)!) : '',
          ofOwnDense(result, results),
          `${(100 * result.difference.relative).toPrecision(2)} %`,
        ]),
    ),
  };
}

/** Of the layers that a model's pattern is in, or of all products of a dense one. */
function layersText(times: readonly LayerTime[]): string {
  const isSparse = ({ note }: LayerTime) => note.startsWith('sparse:');
  const own = times.filter(({ ortUs }) => ortUs !== undefined);
  const counted = own.some(isSparse) ? own.filter(isSparse) : own;
  if (counted.length === 0) return '';
  const sum = (of: (time: LayerTime) => number) => counted.reduce((total, time) => total + of(time), 0);
  const ratios = counted.map(({ us, ortUs }) => ortUs! / us);
  const whole = sum(({ ortUs }) => ortUs!) / sum(({ us }) => us);
  return `${whole.toFixed(2)}x (${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}), ${counted.length} of ${times.length}`;
}

function qualityText({ outcome: { figures } }: KeptModel): string {
  const { errors, perplexity } = figures;
  if (errors !== undefined) return `${errors} errors`;
  return perplexity === undefined ? 'random weights' : `perplexity ${perplexity.toFixed(3)}`;
}

function ofOwnDense(result: CaseResult, results: readonly CaseResult[]): string {
  const { model, pattern } = result.facts;
  const isDense = ({ facts, threads }: CaseResult) =>
    facts['model'] === model && facts['pattern'] === 'dense' && threads === result.threads;
  const dense = results.find(isDense);
  return dense && pattern !== 'dense' ? `${(dense.subject.us.median / result.subject.us.median).toFixed(2)}x` : '';
}

/** A row a layer: what it takes dense, and with each kind of zeros. */
function layerTable(layers: ReadonlyMap<KeptModel, readonly LayerTime[]>): Table {
  return {
    title: 'Layers, one thread, the least of 30 runs',
    columns: ['model', 'zeros', 'layer', 'native us', 'ONNX Runtime us', 'faster', 'of its dense', 'kernel'],
    rows: [...layers].flatMap(([own, times]) => {
      const dense = [...layers].find(([{ model, pattern }]) => model === own.model && pattern === 'dense')?.[1];
      return times.map(({ node, us, ortUs, note }) => {
        const before = own.pattern === 'dense' ? undefined : dense?.find((layer) => layer.node === node);
        const ratio = before ? `${(before.us / us).toFixed(2)}x` : '';
        const peer = ortUs === undefined ? ['', ''] : [String(ortUs), `${(ortUs / us).toFixed(2)}x`];
        return [own.model, own.pattern, node, us.toFixed(1), ...peer, ratio, note];
      });
    }),
  };
}
