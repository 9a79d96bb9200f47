import { type Model, weightViews } from '@gossamer/graph';
import { elementScores, pruneWeights, thresholdShares } from '@gossamer/prune';
import { median } from '@gossamer/runtime';
import { type CriterionTask, criterionTasks } from '../experiments/criterion-tasks.js';
import { ExperimentStore, type Outcome } from '../experiments/experiment-store.js';
import { spearman } from '../experiments/spearman.js';
import { WeightLosses } from '../experiments/weight-losses.js';
import type { Claim, SuiteFindings, Table } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { seededRandom } from '../seeded-random.js';

/** Criteria of single elements. */
export const criteria: Suite = {
  name: 'criteria',
  about:
    'criteria of single weights on lenet-300-100, ResNet-20 and tinylm: rank correlation with the true change of the loss, one-shot curves, wrong ones beside right ones',
  run: measureCriteria,
};

type Scores = ReadonlyMap<string, ArrayLike<number>>;

/** Where scores come from, and whether one threshold over all layers makes sense of them. */
interface Way {
  readonly name: string;
  readonly isGlobal: boolean;
  scores(task: CriterionTask): Promise<Scores>;
}

const built = (criterion: string, isGlobal = true): Way => ({
  ...{ name: criterion, isGlobal },
  scores: ({ model, data, samples }) => elementScores(model, { criterion, data, samples, threads: 1 }),
});

const WAYS: readonly Way[] = [
  {
    ...{ name: 'random', isGlobal: true },
    scores: async ({ model }) => {
      const random = seededRandom(7);
      return mapped(await elementScores(model, {}), () => random.next());
    },
  },
  {
    ...{ name: '|gradient| alone (wrong)', isGlobal: true },
    scores: async (task) => {
      const [products, sizes] = [await built('snip').scores(task), await built('magnitude').scores(task)];
      return mapped(products, (product, i, name) => (product > 0 ? product / sizes.get(name)![i]! : 0));
    },
  },
  ...['magnitude', 'lamp', 'snip', 'grasp', 'taylor', 'fisher', 'woodfisher'].map((name) => built(name)),
  ...['wanda', 'obs'].map((name) => built(name, false)),
];

const mapped = (scores: Scores, value: (score: number, i: number, name: string) => number): Scores =>
  new Map([...scores].map(([name, own]) => [name, Float64Array.from(own, (score, i) => value(score, i, name))]));

/** The most elements of a random set. */
const MOST = 512;

/** Elements of one weight that go together. */
interface ElementSet {
  readonly name: string;
  readonly places: readonly number[];
}

const SUMMARY = `Trained nets as they are in fixtures/models. Criteria see training samples (256 images, 64 windows of text). Correlation: sets of up to ${MOST} random elements of one row or column (filter, input channel) of a weight, as many of each weight (240, 132, 125 sets); the rise of the mean loss on other
training samples (2,000 and 1,000 images, 64 windows) when a set becomes 0, beside the sum of its scores: Spearman's rank correlation over all sets (sets of small weights are smaller: random scores see that), and the median of those within the weights. Curves: least scores go at once,
no recovery; by one threshold over all layers, where scores are those of a layer (wanda, obs) the same share of each. Errors of 1,000 training images that no criterion saw, perplexity of 64 held-out windows: nothing was chosen by them. grasp and snip are made
for nets before their training, |gradient| alone is what tutorials tell.`;

async function measureCriteria(context: SuiteContext): Promise<SuiteFindings> {
  const store = new ExperimentStore(context.runs);
  const tables: Table[] = [];
  const claims: Claim[] = [];
  const data: Record<string, unknown> = {};
  const shares: string[][] = [];
  for (const task of await criterionTasks()) {
    shares.push([task.name, ...[0.01, 0.05, 0.1].map((absolute) => shareBelow(task.model, absolute))]);
    if (!(context.filter?.some((text) => task.name.includes(text)) ?? true)) continue;
    const found = await measureTask(task, store, context);
    tables.push(table(task, found));
    claims.push(...claimsOf(task, found));
    data[task.name] = Object.fromEntries([...found].map(([name, { figures }]) => [name, figures]));
  }
  const fixed: Table = {
    title: 'Share of all weights that a fixed threshold takes',
    columns: ['net', '|w| < 0.01', '|w| < 0.05', '|w| < 0.1'],
    rows: shares,
  };
  return { summary: SUMMARY, claims, tables: [...tables, fixed], data };
}

function shareBelow(model: Model, absolute: number): string {
  const all = thresholdShares(model, { absolute });
  const below = all.reduce((sum, { share, elements }) => sum + share * elements, 0);
  return `${((100 * below) / all.reduce((sum, { elements }) => sum + elements, 0)).toFixed(1)} %`;
}

async function measureTask(task: CriterionTask, store: ExperimentStore, context: SuiteContext) {
  const names = [...(await elementScores(task.model, {})).keys()];
  const sets = drawSets(task.model, names, task.sets);
  const named = (name: string) => `${task.name}-${name.replaceAll(/[^a-z]+/g, '-')}`;
  const truth = await store.measure(
    {
      ...{ name: named('true change'), seed: 0, recipe: { sets: task.sets, held: task.held.length, MOST } },
      run: async () => ({ figures: await trueChanges(task, sets, context) }),
    },
    () => undefined,
  );
  const changes = sets.map((_, i) => truth.figures[`set ${i}`]!);
  const found = new Map<string, Outcome>();
  for (const way of WAYS) {
    context.signal.throwIfAborted();
    const run = async () => {
      const scores = await way.scores(task);
      const sums = sets.map(({ name, places }) => places.reduce((sum, at) => sum + scores.get(name)![at]!, 0));
      const within = names.map((name) => {
        const own = sets.flatMap((set, i) => (set.name === name ? [i] : []));
        return spearman(
          own.map((i) => sums[i]!),
          own.map((i) => changes[i]!),
        );
      });
      const figures: Record<string, number> = { all: spearman(sums, changes), within: median(within.filter(isFinite)) };
      for (const sparsity of task.sparsities)
        figures[String(sparsity)] = await task.measure(without(task.model, scores, sparsity, way.isGlobal));
      return { figures };
    };
    const { sets: count, held, samples, sparsities, watched } = task;
    const recipe = { sets: count, held: held.length, MOST, samples, sparsities, curves: watched };
    found.set(way.name, await store.measure({ name: named(way.name), seed: 0, recipe, run }, context.say));
  }
  for (const update of task.updates) {
    const run = async () => {
      const figures: Record<string, number> = {};
      for (const sparsity of task.sparsities) {
        const options = { update, sparsity, data: task.data, samples: task.samples, threads: 1 };
        figures[String(sparsity)] = await task.measure((await pruneWeights(task.model, options)).model);
      }
      return { figures };
    };
    const recipe = { update, samples: task.samples, sparsities: task.sparsities, curves: task.watched };
    const name = `${update}, with its update`;
    found.set(name, await store.measure({ name: named(name), seed: 0, recipe, run }, context.say));
  }
  return found;
}

/** As many sets of each weight: random elements of a random line along one of its first two axes (a row or a column, a filter or an input channel), which share an input or an output. */
function drawSets(model: Model, names: readonly string[], count: number): ElementSet[] {
  const random = seededRandom(11);
  return Array.from({ length: count }, (_, i) => {
    const name = names[i % names.length]!;
    const { dims, length } = model.graph.value(name)!.constant!;
    const axis = random.integer(2);
    const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    const at = random.integer(dims[axis]!);
    const line = Array.from({ length }, (_, place) => place).filter(
      (place) => Math.floor(place / stride) % dims[axis]! === at,
    );
    for (let from = 0; from < Math.min(MOST, line.length); from++) {
      const other = from + random.integer(line.length - from);
      [line[from], line[other]] = [line[other]!, line[from]!];
    }
    return { name, places: line.slice(0, MOST) };
  });
}

async function trueChanges(
  { name: task, model, held, batch }: CriterionTask,
  sets: readonly ElementSet[],
  context: SuiteContext,
) {
  const losses = await WeightLosses.open(model, held, batch);
  try {
    const whole = await losses.whole();
    const figures: Record<string, number> = { whole };
    for (const [i, { name, places }] of sets.entries()) {
      context.signal.throwIfAborted();
      figures[`set ${i}`] = (await losses.without(name, places)) - whole;
      context.onProgress({ stage: `${task}, true change`, done: i + 1, total: sets.length });
    }
    return figures;
  } finally {
    await losses.dispose();
  }
}

/** The model without the least of the scores. */
function without(model: Model, scores: Scores, sparsity: number, isGlobal: boolean): Model {
  const copy = model.clone();
  const limitOf = (values: Float64Array) => values.sort()[Math.floor(sparsity * values.length)]!;
  const all = isGlobal ? limitOf(Float64Array.from([...scores.values()].flatMap((own) => Array.from(own)))) : undefined;
  for (const view of weightViews(copy)) {
    const own = scores.get(view.source.name);
    if (!own) continue;
    const limit = all ?? limitOf(Float64Array.from(own));
    view.write(view.toFloat32().map((w, i) => (own[i]! < limit ? 0 : w)));
  }
  return copy;
}

function table({ name, sparsities, quality }: CriterionTask, found: ReadonlyMap<string, Outcome>): Table {
  const digits = quality === 'errors' ? 0 : 2;
  return {
    title: `${name}: rank correlation, and ${quality} at each sparsity`,
    columns: ['criterion', 'all sets', 'within weights', ...sparsities.map((share) => `${100 * share} %`), 'seconds'],
    rows: [...found].map(([way, { figures }]) => [
      way,
      ...['all', 'within'].map((key) => figures[key]?.toFixed(2) ?? ''),
      ...sparsities.map((share) => figures[String(share)]!.toFixed(digits)),
      figures['seconds']!.toFixed(0),
    ]),
  };
}

function claimsOf({ name }: CriterionTask, found: ReadonlyMap<string, Outcome>): Claim[] {
  const of = (way: string, key: string) => found.get(way)!.figures[key]!;
  const wrong = '|gradient| alone (wrong)';
  return [
    ['taylor', wrong],
    ['fisher', wrong],
    ['fisher', 'magnitude'],
    ['woodfisher', 'magnitude'],
  ].map(([better, worse]) => ({
    claim: `${name}: ${better} is closer to the true change than ${worse}`,
    measured: `${of(better!, 'all').toFixed(2)} beside ${of(worse!, 'all').toFixed(2)}`,
    holds: of(better!, 'all') > of(worse!, 'all'),
  }));
}
