import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { cacheTeacher, logitLoss, Teacher } from '@gossamer/distill';
import { loadModel, saveModel } from '@gossamer/graph/onnx';
import { median } from '@gossamer/runtime';
import {
  buildArchitecture,
  crossEntropy,
  type Dataset,
  type LossTerm,
  scheduleOver,
  subset,
  train,
} from '@gossamer/train';
import { type ExperimentRun, ExperimentStore, type Outcome } from '../experiments/experiment-store.js';
import { outcomePValue } from '../experiments/outcome-p-value.js';
import { mnistData } from '../experiments/mnist-data.js';
import { movedDigits } from '../experiments/moved-digits.js';
import { type Point, RECORD_POINTS, TEACHER, type TrainStage } from '../experiments/record-points.js';
import { squeeze } from '../experiments/squeeze.js';
import { testErrors } from '../experiments/test-errors.js';
import type { Claim, SuiteFindings, Table } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';

/** Compression records on MNIST. `--only seed1,seed2`: of these seeds; `--filter lenet-5`: of points whose name has the text. */
export const records: Suite = {
  name: 'records',
  about: 'LeNet-300-100 and LeNet-5 in as few bytes as there are, as .gsm files: bytes, test errors in ONNX Runtime',
  run: measureRecords,
};

const SEEDS = [1, 2, 3, 4, 5];
const SHAPE = [1, 28, 28];
/** Training digits from here on are held out: recipes were chosen by them. */
const TRAINED = 55_000;
const MINUTES = 30;

interface Row {
  readonly point: Point;
  readonly seed: number;
  readonly dense: Outcome;
  readonly small: Outcome;
}

async function measureRecords(context: SuiteContext): Promise<SuiteFindings> {
  const store = new ExperimentStore(context.runs);
  const points = RECORD_POINTS.filter(({ name }) => context.filter?.some((text) => name.includes(text)) ?? true);
  const teacher = await store.measure(teacherRun(context), context.say);
  const lesson = lessonOf(context);
  const rows: Row[] = [];
  for (const seed of SEEDS.filter((item) => context.only?.includes(`seed${item}`) ?? true)) {
    for (const point of points) {
      const dense = await store.measure(denseRun(point, seed, lesson, context), context.say);
      const small = await store.measure(pointRun(point, seed, lesson, context), context.say);
      rows.push({ point, seed, dense, small });
    }
  }
  return {
    summary: SUMMARY,
    claims: points.flatMap((point) =>
      claims(
        point,
        rows.filter((row) => row.point === point),
      ),
    ),
    tables: [table(rows)],
    data: {
      teacher: { recipe: TEACHER, figures: teacher.figures },
      points: points.map(({ name, asked, ...recipe }) => ({ name, asked, recipe })),
      runs: rows.map(({ point, seed, dense, small }) => ({
        point: point.name,
        seed,
        p: outcomePValue(dense, small),
        dense: dense.figures,
        small: small.figures,
      })),
    },
  };
}

const SUMMARY = `LeNet-300-100 (266,610 parameters, 1,066,440 bytes in float32) and LeNet-5 of Caffe (20-50-500; 431,080 parameters, 1,724,320 bytes), each from random weights: a dense net learns from labels and a teacher, then its
weights are taken away by what they cost in a file (rateAware), those that stay take few values (trainOnGrids), units that died are removed, and the ONNX file is stored as .gsm: names, shapes, scales, biases and checksums
count, the decoder does not; dense-units: the widest units learn on in float, and nothing else is done. Weights and biases are those that are not 0. The teacher is one LeNet-5 of this suite. All nets see 55,000 training digits, moved and turned a little; recipes were chosen by the other 5,000. The test
digits are classified once by each net, by ONNX Runtime, from the ONNX file that was decoded from the .gsm. p is McNemar's exact test against the dense net of the same seed. Minutes are those of the dense net and the point together, of
a machine that did other things too.`;

/** The teacher's answers beside each digit, found once for all runs of this call. */
type Lesson = () => Promise<{ readonly digits: Dataset; readonly losses: readonly LossTerm[] }>;

const held = (): Dataset => part(TRAINED, 60_000);

function part(first: number, last: number): Dataset {
  return subset(
    mnistData('training', SHAPE),
    Uint32Array.from({ length: last - first }, (_, i) => first + i),
  );
}

const modelFile = (run: ExperimentRun, { runs }: SuiteContext): string =>
  join(ExperimentStore.folderOf(runs, run), 'model.onnx');

function teacherRun(context: SuiteContext): ExperimentRun {
  const { copies, motion, weightDecay, dropout, ...stage } = TEACHER;
  return {
    ...{ name: 'teacher', seed: 100, recipe: TEACHER },
    run: async (folder) => {
      const { model } = await train(buildArchitecture('lenet-5', 100), movedDigits(part(0, TRAINED), copies, motion), {
        ...common(stage, 100, folder, 'teacher', context),
        ...{ losses: [{ loss: crossEntropy() }], optimizer: 'adamw', optimizerOptions: { weightDecay } },
        form: { dropout },
      });
      await saveModel(model, join(folder, 'model.onnx'));
      return { figures: await heldErrors(model) };
    },
  };
}

const heldErrors = async (model: Parameters<typeof testErrors>[0]): Promise<Record<string, number>> => ({
  heldErrors: (await testErrors(model, held())).figures['errors']!,
});

function lessonOf(context: SuiteContext): Lesson {
  let made: ReturnType<Lesson> | undefined;
  const make: Lesson = async () => {
    const { copies, motion } = TEACHER.lesson;
    const run = teacherRun(context);
    const models = [await loadModel(modelFile(run, context))];
    const teacher = await Teacher.open(models, { threads: 1, signal: context.signal });
    try {
      const path = join(ExperimentStore.folderOf(context.runs, run), 'says.safetensors');
      const options = { path, models, signal: context.signal };
      const digits = await cacheTeacher(teacher, teacher.names, movedDigits(part(0, TRAINED), copies, motion), options);
      const { alpha, temperature } = TEACHER.lesson;
      return {
        digits,
        losses: [
          { loss: crossEntropy(), weight: 1 - alpha },
          { loss: logitLoss('hinton', { teacherOutput: teacher.names[0]!, temperature }), weight: alpha },
        ],
      };
    } finally {
      await teacher.dispose();
    }
  };
  return () => (made ??= make());
}

function denseRun({ net, dense }: Point, seed: number, lesson: Lesson, context: SuiteContext): ExperimentRun {
  return {
    ...{ name: `${net}-dense`, seed, recipe: { net, dense, teacher: TEACHER } },
    run: async (folder) => {
      const { digits, losses } = await lesson();
      const options = { ...common(dense, seed, folder, `${net}, dense`, context), losses };
      const { model } = await train(buildArchitecture(net, seed), digits, options);
      await saveModel(model, join(folder, 'model.onnx'));
      const { figures, ...outcome } = await testErrors(model, mnistData('test', SHAPE));
      return { ...outcome, figures: { ...figures, ...(await heldErrors(model)) } };
    },
  };
}

function pointRun(point: Point, seed: number, lesson: Lesson, context: SuiteContext): ExperimentRun {
  const { name, asked: _, ...recipe } = point;
  return {
    ...{ name, seed, recipe: { ...recipe, teacher: TEACHER } },
    run: async (folder) => {
      const { digits, losses } = await lesson();
      const dense = await loadModel(modelFile(denseRun(point, seed, lesson, context), context));
      const stage = (options: TrainStage, label: string) => ({
        ...common(options, seed, folder, `${name}, ${label}`, context),
        losses,
      });
      const squeezed = await squeeze(dense, digits, point, stage, join(folder, 'model.gsm'));
      const { figures, ...outcome } = await testErrors(squeezed.decoded, mnistData('test', SHAPE));
      const own = { ...squeezed.figures, bytes: readFileSync(join(folder, 'model.gsm')).length };
      return { ...outcome, figures: { ...figures, ...own, ...(await heldErrors(squeezed.decoded)) } };
    },
  };
}

function common(
  { steps, learningRate }: TrainStage,
  seed: number,
  folder: string,
  label: string,
  context: SuiteContext,
) {
  const { signal, onProgress } = context;
  return {
    ...({ steps, batch: 128, optimizer: 'adam', seed, threads: 1, engine: 'native', signal } as const),
    learningRate: scheduleOver({ schedule: 'cosine', learningRate, warmUp: 0.02 }),
    checkpoint: { path: join(folder, `${label.replace(/.*, /, '')}.safetensors`), every: 1000 },
    onStep: ({ step }: { readonly step: number }) =>
      onProgress({ stage: `${label}, seed ${seed}`, done: step, total: steps }),
  };
}

const list = (rows: readonly Row[], figure: string): number[] => rows.map(({ small }) => small.figures[figure]!);
const minutesOf = ({ dense, small }: Row): number => (dense.figures['seconds']! + small.figures['seconds']!) / 60;

function claims({ name, asked }: Point, rows: readonly Row[]): Claim[] {
  if (rows.length === 0) return [];
  const [figure, most] = 'bytes' in asked ? ['bytes', asked.bytes] : ['parameters', asked.parameters];
  const [sizes, percents] = [list(rows, figure), list(rows, 'errorPercent')];
  const minutes = Math.max(...rows.map(minutesOf));
  return [
    {
      claim: `${name}: at most ${most} ${figure} and ${asked.errorPercent.toFixed(2)} % (medians of ${rows.length})`,
      measured: `${median(sizes)} ${figure} (worst ${Math.max(...sizes)}), ${median(percents).toFixed(2)} % (worst ${Math.max(...percents).toFixed(2)} %)`,
      // Percentages of 10,000 images are whole hundredths.
      holds: median(sizes) <= most && Math.round(100 * median(percents)) <= Math.round(100 * asked.errorPercent),
    },
    {
      claim: `${name}: at most ${MINUTES} minutes a seed`,
      measured: `${minutes.toFixed(1)} at most`,
      holds: minutes <= MINUTES,
    },
  ];
}

function table(rows: readonly Row[]): Table {
  return {
    title: 'Nets',
    columns: [
      'point',
      'seed',
      'bytes',
      'ratio',
      'weights',
      'and biases',
      'test errors',
      'dense',
      'p',
      'held out, of 5,000',
      'minutes',
    ],
    rows: rows.map((row) => {
      const { point, seed, dense, small } = row;
      const { bytes, weights, parameters, errors, heldErrors: heldOut } = small.figures;
      return [
        point.name,
        String(seed),
        String(bytes),
        `${((4 * PARAMETERS[point.net]) / bytes!).toFixed(0)}x`,
        String(weights),
        String(parameters! - weights!),
        String(errors),
        String(dense.figures['errors']),
        outcomePValue(dense, small).toExponential(1),
        `${heldOut} (${dense.figures['heldErrors']})`,
        minutesOf(row).toFixed(1),
      ];
    }),
  };
}

/** Of the nets, as they are in the literature: 4 bytes each are what ratios count from. */
const PARAMETERS = { 'lenet-300-100': 266_610, 'lenet-5': 431_080 } as const;
