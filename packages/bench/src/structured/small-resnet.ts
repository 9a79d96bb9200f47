import { join } from 'node:path';
import { distill } from '@gossamer/distill';
import { Tensor } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { pruneStructure, type StructureReport } from '@gossamer/prune';
import { dataFromArrays, median } from '@gossamer/runtime';
import { type Dataset, scheduleOver, subset } from '@gossamer/train';
import { type ExperimentRun, ExperimentStore, type Outcome } from '../experiments/experiment-store.js';
import { type ImageTask, imageTasks, SHAPE } from '../experiments/image-tasks.js';
import { outcomePValue } from '../experiments/outcome-p-value.js';
import { testErrors } from '../experiments/test-errors.js';
import { pairedLatency, type PairedLatency } from '../harness/paired-latency.js';
import type { Claim } from '../harness/suite-result.js';
import type { SuiteContext } from '../harness/suite.js';
import type { PartFindings } from '../harness/suite-of-parts.js';
import { ratioText } from './pair-text.js';

const TASK = 'resnet-20, Fashion-MNIST';
/** Of the 60,000 training images: the first ones train, the rest only say how it goes. */
const TRAINING = 55_000;
/** Half of what blocks have inside, and half of the last stage's stream: widths that one vector of AVX2 or AVX-512 still fills. */
const WIDTHS = { 'layer1.?.conv1': 8, 'layer2.?.conv1': 16, 'layer3.?.conv1': 32, 'layer3.0.conv2': 32 } as const;
const RECIPE = {
  ...{ widths: WIDTHS, criterion: 'taylor', samples: 1024, epochs: 5, batch: 128, learningRate: 0.05, warmUp: 0.1 },
  ...{ momentum: 0.9, weightDecay: 5e-4, alpha: 0.9, temperature: 4, training: TRAINING },
};
const ASKED = { speedup: 1.6, points: 0.5 };
const SEEDS = [1, 2, 3, 4, 5];

/** A net with fewer channels, trained on by one seed. */
interface Pruned {
  readonly seed: number;
  readonly outcome: Outcome;
}

/** ResNet-20 on Fashion-MNIST with fewer channels, taught by the whole one: speed in ONNX Runtime, errors. */
export async function smallResNet(context: SuiteContext): Promise<PartFindings> {
  const { tasks, warnings } = imageTasks(context);
  const task = tasks.find(({ name }) => name === TASK);
  if (!task) return { claims: [], tables: [], warnings, data: {} };
  const store = new ExperimentStore(context.runs);
  const dense = await store.measure(denseRun(task), context.say);
  const pruned: Pruned[] = [];
  for (const seed of SEEDS) {
    pruned.push({ seed, outcome: await store.measure(prunedRun(task, seed, context), context.say) });
  }
  // All seeds have one structure: what is timed is the first.
  const [whole, small] = [denseRun(task), prunedRun(task, SEEDS[0]!, context)].map((each) =>
    join(ExperimentStore.folderOf(context.runs, each), 'model.onnx'),
  );
  const input = images(task.data('test'), 0, 1).input;
  const timed = await pairedLatency(whole!, small!, { input }, { signal: context.signal });
  return {
    claims: claims(dense, pruned, timed),
    tables: [table(dense, pruned, timed)],
    warnings,
    data: {
      resnet: {
        ...{ dense: dense.figures, timed, recipe: RECIPE },
        pruned: pruned.map(({ seed, outcome }) => ({ seed, ...outcome.figures })),
      },
    },
  };
}

function denseRun(task: ImageTask): ExperimentRun {
  return {
    ...{ name: 'fashion-resnet-20-whole', seed: 1, recipe: {} },
    run: async (folder) => {
      const model = await task.model();
      await saveModel(model, join(folder, 'model.onnx'));
      return testErrors(model, task.data('test'));
    },
  };
}

function prunedRun(task: ImageTask, seed: number, context: SuiteContext): ExperimentRun {
  const name = 'fashion-resnet-20-channels';
  const { widths, criterion, samples, epochs, batch, learningRate, warmUp, momentum, weightDecay } = RECIPE;
  return {
    ...{ name, seed, recipe: RECIPE },
    run: async (folder) => {
      const { signal } = context;
      const model = await task.model();
      const all = task.data('training');
      const indices = Uint32Array.from({ length: all.length }, (_, i) => i);
      const [training, heldOut] = [subset(all, indices.subarray(0, TRAINING)), subset(all, indices.subarray(TRAINING))];
      const data = dataFromArrays(images(training, 0, samples));
      const small = await pruneStructure(model, { widths, criterion, samples, data, threads: 1, signal });
      const result = await distill(small.model, model, training, {
        ...{ alpha: RECIPE.alpha, temperature: RECIPE.temperature, epochs, batch, seed },
        ...{ optimizer: 'nesterov', optimizerOptions: { momentum, weightDecay } },
        learningRate: scheduleOver({ schedule: 'cosine', learningRate, warmUp }),
        cache: join(folder, 'teacher.safetensors'),
        checkpoint: { path: join(folder, 'checkpoint.safetensors'), every: 100 },
        ...{ engine: 'native', threads: 1, signal },
        onStep: ({ step, steps }) => context.onProgress({ stage: `${name}, seed ${seed}`, done: step, total: steps }),
      });
      await saveModel(result.model, join(folder, 'model.onnx'));
      const early = await testErrors(small.model, heldOut);
      const late = await testErrors(result.model, heldOut);
      const outcome = await testErrors(result.model, task.data('test'));
      return { ...outcome, figures: { ...outcome.figures, ...sizes(small.report), ...heldOutErrors(early, late) } };
    },
  };
}

const heldOutErrors = (early: Outcome, late: Outcome) => ({
  heldOutPercentBefore: early.figures['errorPercent']!,
  heldOutPercent: late.figures['errorPercent']!,
});

const sizes = ({ macs, parameters }: StructureReport) => ({
  macsShare: macs.after / macs.before,
  parametersShare: parameters.after / parameters.before,
});

/** `count` samples from `first` on, as arrays. */
export function images(dataset: Dataset, first: number, count: number) {
  const { shape } = dataset.arrays.get('input')!;
  const input = new Float32Array(count * shape.reduce((a, b) => a * b, 1));
  const labels = new BigInt64Array(count);
  dataset.read(
    Uint32Array.from({ length: count }, (_, i) => first + i),
    { input, labels },
  );
  return {
    input: Tensor.of('float32', [count, ...SHAPE], input),
    labels: Tensor.of('int64', [count], labels),
  };
}

function claims(dense: Outcome, pruned: readonly Pruned[], { ratio, low, high, cpu }: PairedLatency): Claim[] {
  const points = pruned.map(({ outcome }) => outcome.figures['errorPercent']! - dense.figures['errorPercent']!);
  const middle = median(points);
  return [
    {
      claim: `ResNet-20, Fashion-MNIST: at least ${ASKED.speedup}x faster in ONNX Runtime`,
      measured: `${ratioText({ ratio, low, high })} by the clock, ${ratioText(cpu)} in processor time`,
      holds: cpu.low >= ASKED.speedup ? true : cpu.high < ASKED.speedup ? false : 'undecided',
    },
    {
      claim: `ResNet-20, Fashion-MNIST: at most ${ASKED.points} points of error over the whole net`,
      measured: `median ${middle.toFixed(2)} points, worst ${Math.max(...points).toFixed(2)}, of ${points.length} seeds`,
      // Percentages of 10,000 images are whole hundredths.
      holds: Math.round(100 * middle) <= 100 * ASKED.points,
    },
  ];
}

function table(dense: Outcome, pruned: readonly Pruned[], timed: PairedLatency) {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return {
    title: 'ResNet-20 on Fashion-MNIST, fewer channels',
    columns: [
      'net',
      'MACs',
      'parameters',
      'errors of 10,000',
      'p',
      'held out, before and after training',
      'ms',
      'faster',
      'minutes',
    ],
    rows: [
      ['whole', '100 %', '100 %', String(dense.figures['errors']), '', '', timed.a.median.toFixed(3), '', ''],
      ...pruned.map(({ seed, outcome }, i) => {
        const { figures } = outcome;
        return [
          ...[`pruned, seed ${seed}`, percent(figures['macsShare']!), percent(figures['parametersShare']!)],
          ...[String(figures['errors']), outcomePValue(dense, outcome).toPrecision(2)],
          `${figures['heldOutPercentBefore']!.toFixed(1)} %, ${figures['heldOutPercent']!.toFixed(2)} %`,
          ...(i === 0 ? [timed.b.median.toFixed(3), ratioText(timed)] : ['', '']),
          (figures['seconds']! / 60).toFixed(1),
        ];
      }),
    ],
  };
}
