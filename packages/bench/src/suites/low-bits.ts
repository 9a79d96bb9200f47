import { type Model, Tensor } from '@gossamer/graph';
import { runPasses } from '@gossamer/graph/passes';
import { quantize, reconstruct, roundWeights } from '@gossamer/quantize';
import { dataFromArrays } from '@gossamer/runtime';
import type { Dataset } from '@gossamer/train';
import { type ExperimentRun, ExperimentStore, type Outcome } from '../experiments/experiment-store.js';
import { type ImageTask, imageTasks, SHAPE } from '../experiments/image-tasks.js';
import { mcNemar } from '../experiments/mcnemar.js';
import { testErrors } from '../experiments/test-errors.js';
import type { Claim, SuiteFindings, Table } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';

/** Classifiers whose weights have 2 and 3 bits. */
export const lowBits: Suite = {
  name: 'low-bits',
  about:
    'LeNet-5 and ResNet-20 with weights of 2 and 3 bits (nearest, HQQ, importance, AdaRound, BRECQ, QDrop), and in static int8',
  run: measureLowBits,
};

/** A way to choose codes. */
interface Method {
  readonly name: string;
  readonly recipe: object;
  run(model: Model, weights: string, calibration: Tensor, context: SuiteContext, name: string): Promise<Model>;
}

const CALIBRATION = 1024;
const UPDATES = 500;

interface Rounding {
  readonly algorithm?: string;
  readonly clip?: boolean;
}

const rounded = (name: string, recipe: Rounding): Method => ({
  ...{ name, recipe },
  run: async (model, weights) => (await roundWeights(model, { weights, ...recipe })).model,
});

const calibrated = (name: string, algorithm: string): Method => ({
  ...{ name, recipe: { algorithm, samples: CALIBRATION } },
  run: async (model, weights, calibration, { signal }) => {
    const data = dataFromArrays({ input: calibration });
    return (await roundWeights(model, { weights, algorithm, data, threads: 1, signal })).model;
  },
});

const learned = (name: string, recipe: { readonly blocks: 'auto' | 'layer'; readonly drop?: number }): Method => ({
  ...{ name, recipe: { ...recipe, iterations: UPDATES, samples: CALIBRATION } },
  run: async (model, weights, calibration, { signal, onProgress }, stage) => {
    const data = dataFromArrays({ input: calibration });
    const options = { ...recipe, data, weights, iterations: UPDATES, threads: 1, signal };
    const result = await reconstruct(model, {
      ...options,
      onProgress: ({ done, total }) => onProgress({ stage, done, total }),
    });
    return result.model;
  },
});

const NEAREST = 'nearest, clips searched';
const BEST = 'BRECQ';
const METHODS: readonly Method[] = [
  rounded('nearest, full range', { clip: false }),
  rounded(NEAREST, {}),
  rounded('HQQ', { algorithm: 'hqq' }),
  rounded('HQQ, whole zero points', { algorithm: 'hqq-integer' }),
  calibrated('importance', 'importance'),
  calibrated('AdaRound on moments', 'adaround'),
  learned('AdaRound', { blocks: 'layer' }),
  learned(BEST, { blocks: 'auto' }),
  learned('QDrop', { blocks: 'auto', drop: 0.5 }),
];

/** Weights and activations: static int8 as `quantize` makes it. */
const INT8 = 'W8A8';
const whole: Method = {
  ...{ name: 'static, min-max', recipe: { mode: 'static', samples: CALIBRATION } },
  run: async (model, _, calibration, { signal }) => {
    const data = dataFromArrays({ input: calibration });
    return (await quantize(model, { mode: 'static', data, samples: CALIBRATION, threads: 1, signal })).model;
  },
};
/** Points of error that it may cost. */
const INT8_POINTS = 0.1;

/** Most errors over float that are asked for on MNIST. */
const ASKED: Readonly<Record<string, number>> = { uint3: 10, uint2: 100 };

const SUMMARY = `uint3 and uint2: weights only; every layer, the first and the last too, has a scale and a zero point for each output feature; activations and biases are float. ${INT8}: weights int8 a channel, activations uint8 a tensor. Calibration: the first ${CALIBRATION} training images,
without labels; learned rounding: ${UPDATES} updates a block of 32 images. Settings were chosen on other training images; test images are classified once, by ONNX Runtime. p: exact McNemar test against
the float model on the same images. One seed.`;

async function measureLowBits(context: SuiteContext): Promise<SuiteFindings> {
  const { tasks, warnings } = imageTasks(context);
  const store = new ExperimentStore(context.runs);
  const tables: Table[] = [];
  const claims: Claim[] = [];
  const data: Record<string, unknown> = {};
  for (const task of tasks.filter(({ name }) => context.filter?.some((text) => name.includes(text)) ?? true)) {
    const measured = await measureTask(task, store, context);
    tables.push(table(task, measured));
    claims.push(...claimsOf(task, measured));
    data[task.name] = Object.fromEntries([...measured].map(([name, { figures }]) => [name, figures]));
  }
  return { summary: SUMMARY, claims, tables, data, warnings };
}

/** Outcomes by 'float' and 'method, scheme'. */
async function measureTask(task: ImageTask, store: ExperimentStore, context: SuiteContext) {
  const model = runPasses(await task.model(), 'default').model;
  const test = task.data('test');
  const outcomes = new Map<string, Outcome>();
  const measure = async (key: string, recipe: object, make: () => Promise<Model>) => {
    const run: ExperimentRun = {
      ...{ name: `${task.name}, ${key}`.replaceAll(', ', '-').replaceAll(' ', '-'), seed: 0, recipe },
      run: async () => testErrors(await make(), test),
    };
    outcomes.set(key, await store.measure(run, context.say));
  };
  await measure('float', {}, () => Promise.resolve(model));
  const calibration = firstImages(task.data('training'), CALIBRATION);
  const schemes = [[INT8, [whole]] as const, ...Object.keys(ASKED).map((weights) => [weights, METHODS] as const)];
  for (const [weights, methods] of schemes) {
    for (const method of methods) {
      const key = `${method.name}, ${weights}`;
      const stage = `${task.name}, ${key}`;
      await measure(key, { weights, ...method.recipe }, () => method.run(model, weights, calibration, context, stage));
    }
  }
  return outcomes;
}

function firstImages(images: Dataset, count: number): Tensor {
  const input = new Float32Array(count * SHAPE.reduce<number>((a, b) => a * b, 1));
  images.read(
    Uint32Array.from({ length: count }, (_, i) => i),
    { input },
  );
  return Tensor.of('float32', [count, ...SHAPE], input);
}

/** Test images on which one is right and the other wrong. */
function discordant(float: Outcome, other: Outcome): { readonly lost: number; readonly gained: number } {
  const [a, b] = [float, other].map(({ right }) => Buffer.from(right!, 'base64')) as [Buffer, Buffer];
  let [lost, gained] = [0, 0];
  a.forEach((ok, i) => {
    if (ok > b[i]!) lost++;
    if (ok < b[i]!) gained++;
  });
  return { lost, gained };
}

/** 95 % interval of the difference of errors: normal, from the discordant pairs. */
function interval({ lost, gained }: { readonly lost: number; readonly gained: number }, samples: number): string {
  const difference = lost - gained;
  const half = 1.96 * Math.sqrt(Math.max(1, lost + gained - difference ** 2 / samples));
  return `${(difference - half).toFixed(0)} to ${(difference + half).toFixed(0)}`;
}

const TEST_IMAGES = 10_000;

function table({ name }: ImageTask, outcomes: ReadonlyMap<string, Outcome>): Table {
  const float = outcomes.get('float')!;
  return {
    title: name,
    columns: ['weights', 'method', 'errors', 'over float', '95 % interval', 'p', 'seconds'],
    rows: [...outcomes].map(([key, outcome]) => {
      const cut = key.lastIndexOf(', ');
      const pairs = discordant(float, outcome);
      const { errors, seconds } = outcome.figures as { errors: number; seconds: number };
      if (outcome === float) return ['float32', 'float', String(errors), '', '', '', ''];
      return [
        key.slice(cut + 2),
        key.slice(0, cut),
        String(errors),
        String(errors - float.figures['errors']!),
        interval(pairs, TEST_IMAGES),
        mcNemar(pairs.lost, pairs.gained).toPrecision(2),
        seconds.toFixed(0),
      ];
    }),
  };
}

function claimsOf({ name }: ImageTask, outcomes: ReadonlyMap<string, Outcome>): Claim[] {
  const over = (key: string) => outcomes.get(key)!.figures['errors']! - outcomes.get('float')!.figures['errors']!;
  const points = (100 * over(`${whole.name}, ${INT8}`)) / TEST_IMAGES;
  const int8 = {
    claim: `${name}, ${INT8}: at most ${INT8_POINTS} points over float`,
    measured: `${points.toFixed(2)} points`,
    holds: points <= INT8_POINTS,
  };
  if (!name.endsWith(', MNIST')) return [int8];
  const asked = Object.entries(ASKED).map(([weights, most]) => ({
    claim: `${name}, ${weights}: ${BEST} at most ${most} errors over float`,
    measured: `${over(`${BEST}, ${weights}`)} (nearest: ${over(`${NEAREST}, ${weights}`)})`,
    holds: over(`${BEST}, ${weights}`) <= most,
  }));
  return [int8, ...asked];
}
