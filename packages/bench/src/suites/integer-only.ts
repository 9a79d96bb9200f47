import { type Model, Tensor } from '@gossamer/graph';
import { mobileNetV2 } from '@gossamer/graph/zoo';
import { floatComputeNodes, quantize } from '@gossamer/quantize';
import { dataFromArrays, type Feeds, openData } from '@gossamer/runtime';
import { normalArray } from '../training/normal-array.js';
import { type ImageTask, imageTasks, SHAPE } from '../experiments/image-tasks.js';
import { testErrors } from '../experiments/test-errors.js';
import type { Claim, SuiteFindings, Table } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { type CodeDifferences, codeDifferences, summarize } from '../integer-only/code-differences.js';
import { fastestRuns, type Runner } from '../integer-only/turns.js';

/** Models without a float operator between their codes. */
export const integerOnly: Suite = {
  name: 'integer-only',
  isTimed: true,
  about: 'integer-only models: errors, codes of fixed-point requantisation beside ONNX Runtime, speed',
  run: measureIntegerOnly,
};

/** What the page's cases are without a filter: nets of Fashion-MNIST are trained first, for half an hour. */
const DIGITS = [', MNIST', 'MobileNetV2'];
const [CALIBRATION, COMPARED, BATCH] = [512, 128, 16];
const SECONDS = 12;
const ONE = { threads: 1 } as const;
const ORT = { ...ONE, engine: 'ort' } as const;
const FLOAT = { ...ONE, engine: 'native' } as const;
const FIXED = { ...FLOAT, requantize: 'fixed-point' } as const;

/** One model in every form. */
interface Case {
  readonly name: string;
  readonly forms: { readonly float: Model; readonly qdq: Model; readonly integer: Model };
  /** Errors on the test images by form; none for random weights. */
  readonly errors: Readonly<Record<string, number>>;
  readonly samples: number;
  readonly floatNodes: number;
  readonly differences: readonly CodeDifferences[];
  /** Milliseconds of one run on one sample. */
  readonly ms: ReadonlyMap<string, number>;
}

async function measureIntegerOnly(context: SuiteContext): Promise<SuiteFindings> {
  const wanted = (name: string) => (context.filter ?? DIGITS).some((text) => name.includes(text));
  const cases: Case[] = [];
  const { tasks, warnings } = imageTasks(context);
  for (const task of tasks.filter(({ name }) => wanted(name))) {
    context.say(task.name);
    cases.push(await measureTask(task, context));
  }
  if (wanted('MobileNetV2')) cases.push(await measureMobileNet(context));
  return {
    summary: SUMMARY,
    claims: claims(cases),
    tables: [errorTable(cases), histogram(cases), operatorTable(cases), speedTable(cases)],
    warnings,
    data: {
      cases: cases.map(({ name, errors, samples, floatNodes, differences, ms }) => {
        return { name, errors, samples, floatNodes, differences, milliseconds: Object.fromEntries(ms) };
      }),
    },
  };
}

const SUMMARY = `Static int8 (min-max ranges of ${CALIBRATION} training images) as QDQ pairs and integer-only. ONNX Runtime multiplies the int32 sums of integer operators in float32 and rounds halves to even;
engine native does the same, or in fixed point: an int32 multiplier and shifts, no float (docs/engine.md). Codes are compared operator by operator, each on the codes that ONNX Runtime gave it, so that differences do not add up.
Times are minima of samples taken in turns, one image a run, one thread. MobileNetV2 has random weights: it is timed, and its codes compared on noise.`;

async function measureTask(task: ImageTask, context: SuiteContext): Promise<Case> {
  const model = await task.model();
  const [training, test] = [task.data('training'), task.data('test')];
  const images = (data: typeof training, first: number, count: number) => {
    const [input, labels] = [new Float32Array(count * 784), new BigInt64Array(count)];
    data.read(
      Uint32Array.from({ length: count }, (_, i) => first + i),
      { input, labels },
    );
    return Tensor.of('float32', [count, ...SHAPE], input);
  };
  const data = dataFromArrays({ input: images(training, 0, CALIBRATION) });
  const qdq = (await quantize(model, { data })).model;
  const integer = (await quantize(model, { data, integerOnly: true })).model;
  const errorsOf = async (form: Model, options: object) => (await testErrors(form, test, options)).figures['errors']!;
  const errors = {
    float: await errorsOf(model, ORT),
    QDQ: await errorsOf(qdq, ORT),
    'integer-only, ONNX Runtime': await errorsOf(integer, ORT),
    'integer-only, fixed point': await errorsOf(integer, FIXED),
  };
  const batches = Array.from({ length: COMPARED / BATCH }, (_, i) => ({ input: images(test, i * BATCH, BATCH) }));
  const forms = { float: model, qdq, integer };
  const feeds = { input: images(test, 0, 1) };
  return { name: task.name, errors, samples: test.length, ...(await measureForms(forms, batches, feeds, context)) };
}

async function measureMobileNet(context: SuiteContext): Promise<Case> {
  context.say('MobileNetV2');
  const model = mobileNetV2();
  const [input] = model.graph.inputs.filter(({ initializer }) => !initializer);
  const noise = (seed: number) => ({
    [input!.name]: Tensor.of('float32', [1, 3, 224, 224], normalArray(3 * 224 * 224, 1, seed)),
  });
  const data = await openData('random:4', { seed: 1 });
  const qdq = (await quantize(model, { data })).model;
  const integer = (await quantize(model, { data, integerOnly: true })).model;
  const forms = { float: model, qdq, integer };
  const name = 'MobileNetV2, random weights';
  return { name, errors: {}, samples: 0, ...(await measureForms(forms, [noise(1), noise(2)], noise(3), context)) };
}

async function measureForms(forms: Case['forms'], batches: readonly Feeds[], feeds: Feeds, context: SuiteContext) {
  const { float, qdq, integer } = forms;
  const differences = await codeDifferences(integer, batches, { requantize: 'fixed-point' });
  const runners: Runner[] = [
    { name: 'float32, ONNX Runtime', model: float, options: ORT },
    { name: 'QDQ, ONNX Runtime', model: qdq, options: ORT },
    { name: 'integer-only, ONNX Runtime', model: integer, options: ORT },
    { name: 'integer-only, native, float', model: integer, options: FLOAT },
    { name: 'integer-only, native, fixed point', model: integer, options: FIXED },
  ];
  const ms = await fastestRuns(runners, feeds, { seconds: SECONDS, signal: context.signal });
  return { forms, floatNodes: floatComputeNodes(integer).length, differences, ms };
}

const percent = (part: number, whole: number, digits = 2) => `${((100 * part) / whole).toFixed(digits)} %`;

function claims(cases: readonly Case[]): Claim[] {
  return cases.flatMap(({ name, errors, samples, floatNodes, differences, ms }) => {
    const { codes, exact, largest } = summarize(differences);
    const worst = 100 * Math.abs((errors['integer-only, fixed point']! - errors['QDQ']!) / samples);
    const [fixed, float] = [ms.get('integer-only, native, fixed point')!, ms.get('float32, ONNX Runtime')!];
    const rival = Math.min(ms.get('QDQ, ONNX Runtime')!, ms.get('integer-only, ONNX Runtime')!);
    const accuracy = {
      claim: `${name}: in fixed point within 0.1 points of QDQ`,
      measured: `${worst.toFixed(2)} points`,
      holds: worst <= 0.1,
    };
    return [
      { claim: `${name}: no float operator between the codes`, measured: `${floatNodes}`, holds: floatNodes === 0 },
      ...(samples > 0 ? [accuracy] : []),
      {
        claim: `${name}: 99.9 % of codes are ONNX Runtime's, the others one apart`,
        measured: `${percent(exact, codes, 5)} of ${codes}, largest difference ${largest}`,
        holds: exact / codes >= 0.999 && largest <= 1,
      },
      {
        claim: `${name}: in fixed point at least twice as fast as float32 in ONNX Runtime, and no slower than its int8`,
        measured: `${(float / fixed).toFixed(2)}x and ${(rival / fixed).toFixed(2)}x`,
        holds: float / fixed >= 2 && rival / fixed >= 1,
      },
    ];
  });
}

function errorTable(cases: readonly Case[]): Table {
  const judged = cases.filter(({ samples }) => samples > 0);
  const columns = Object.keys(judged[0]?.errors ?? {});
  const rows = judged.map(({ name, errors, samples }) => [
    name,
    ...columns.map((column) => `${errors[column]} (${percent(errors[column]!, samples)})`),
  ]);
  return { title: 'Errors on the test images', columns: ['model', ...columns], rows };
}

function histogram(cases: readonly Case[]): Table {
  const rows = cases.map(({ name, differences }) => {
    const { codes, exact } = summarize(differences);
    const apart = (least: number) =>
      differences.reduce((sum, { counts }) => sum + counts.slice(least).reduce((a, b) => a + b, 0), 0);
    return [
      name,
      String(codes),
      String(exact),
      String(apart(1) - apart(2)),
      String(apart(2)),
      percent(exact, codes, 5),
    ];
  });
  const columns = ['model', 'codes', 'equal', '1 apart', 'more', 'share equal'];
  return { title: 'Codes in fixed point beside ONNX Runtime, by operator on the same inputs', columns, rows };
}

function operatorTable(cases: readonly Case[]): Table {
  const rows = cases.flatMap(({ name, differences }) => {
    const kinds = [...new Set(differences.map(({ op }) => op))];
    return kinds.map((kind) => {
      const own = differences.filter(({ op }) => op === kind);
      const { codes, exact, largest } = summarize(own);
      return [name, kind, String(own.length), String(codes), percent(exact, codes, 5), String(largest)];
    });
  });
  return {
    title: 'The same by kind of operator',
    columns: ['model', 'operator', 'nodes', 'codes', 'share equal', 'largest'],
    rows,
  };
}

function speedTable(cases: readonly Case[]): Table {
  const columns = [...(cases[0]?.ms.keys() ?? [])];
  const rows = cases.map(({ name, ms }) => [name, ...columns.map((column) => ms.get(column)!.toFixed(4))]);
  return { title: 'Milliseconds of one image', columns: ['model', ...columns], rows };
}
