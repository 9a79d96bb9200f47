import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { Session } from '@gossamer/runtime';
import { arrayDataset, type Dataset, mlp, subset } from '@gossamer/train';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { distill, type DistillOptions } from '../distill.js';
import { hint } from '../losses/hint.js';
import { numbers } from '../testing/check-loss.js';
import { cacheTeacher } from './cache-teacher.js';
import { Teacher } from './teacher.js';

const [INPUTS, CLASSES, SAMPLES] = [6, 3, 24];
const code = (value: string) => expect.objectContaining({ code: value }) as Error;
const tensors = {
  input: Tensor.fromNumbers('float32', [SAMPLES, INPUTS], numbers(SAMPLES * INPUTS, 1)),
  labels: Tensor.fromNumbers(
    'int64',
    [SAMPLES],
    Array.from({ length: SAMPLES }, (_, i) => i % CLASSES),
  ),
};
const data = arrayDataset(tensors);
const student = mlp([INPUTS, 4, CLASSES], 1);
const [teacher, other] = [mlp([INPUTS, 16, CLASSES], 2), mlp([INPUTS, 16, CLASSES], 3)];
const base: DistillOptions = { batch: 8, epochs: 2, learningRate: 0.01, threads: 1, seed: 4 };

const learned = async (
  from: Model | readonly Model[],
  options: Partial<DistillOptions> = {},
  samples: Dataset = data,
) => serializeModel((await distill(student, from, samples, { ...base, ...options })).model);

/** Logits of the first `rows` samples. */
async function logitsOf(from: Model | readonly Model[], engine: string, rows = 5): Promise<number[]> {
  const opened = await Teacher.open(from, { engine, threads: 1 });
  const input = Float32Array.from(numbers(SAMPLES * INPUTS, 1).slice(0, rows * INPUTS));
  const values = await opened.run({ input }, rows, ['logits']);
  await opened.dispose();
  return [...values.get('logits')!.toFloat32()];
}

/** Says the sum of its inputs, in `dtype`. */
function summing(dtype: 'float16' | 'float32'): Model {
  const g = new GraphBuilder('sum');
  const ones = g.graph.addInitializer('ones', Tensor.fromNumbers(dtype, [INPUTS, 1], Array<number>(INPUTS).fill(1)));
  return g.output(g.op('MatMul', [g.input('input', dtype, ['n', INPUTS]), ones]), 'logits', dtype, ['n', 1]).model();
}

test('a teacher in half precision reads data in float32', async () => {
  const [wide, narrow] = [await logitsOf(summing('float32'), 'ort'), await logitsOf(summing('float16'), 'ort')];
  narrow.forEach((x, i) => expect(Math.abs(x - wide[i]!)).toBeLessThan(INPUTS * 2 ** -10 * (1 + Math.abs(wide[i]!))));
});

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'gossamer-teacher-'))));
afterEach(() => rm(folder, { recursive: true }));

describe('teacher', () => {
  test("the student's weights and losses depend on the teacher's", async () => {
    const losses = async (from: Model) => {
      const seen: number[] = [];
      await distill(student, from, data, { ...base, alpha: 1, onStep: ({ loss }) => seen.push(loss) });
      return seen;
    };
    expect(await learned(teacher)).toEqual(await learned(teacher));
    expect(await learned(other)).not.toEqual(await learned(teacher));
    const [a, b] = [await losses(teacher), await losses(other)];
    a.forEach((loss, i) => expect(loss).not.toBe(b[i]));
  });

  test('is not trained, and the student falls towards it', async () => {
    const before = serializeModel(teacher);
    const { history } = await distill(student, teacher, data, { ...base, alpha: 1, epochs: 20 });
    expect(serializeModel(teacher)).toEqual(before);
    expect(history.at(-1)!.loss).toBeLessThan(0.5 * history[0]!.loss);
  });

  test.each(['native', 'ort', 'reference'])('says the same on %s', async (engine) => {
    const [expected, received] = [await logitsOf(teacher, 'reference'), await logitsOf(teacher, engine)];
    // Two products of 16 terms of magnitude about 1 in float32.
    received.forEach((x, i) => expect(Math.abs(x - expected[i]!)).toBeLessThan(1e-5));
  });

  test('an ensemble says the mean of the logits', async () => {
    const [a, b] = [await logitsOf(teacher, 'reference'), await logitsOf(other, 'reference')];
    const both = await logitsOf([teacher, other], 'reference');
    both.forEach((x, i) => expect(x).toBeCloseTo((a[i]! + b[i]!) / 2, 6));
    expect(await learned([teacher, other])).not.toEqual(await learned(teacher));
  });

  test('regressors of hints are dropped from the result', async () => {
    const losses: DistillOptions['losses'] = (opened, batch) => [
      { loss: hint({ student: 'fc1_out', teacher: 'fc1_out', teacherShape: opened.shapeOf('fc1_out', batch) }) },
    ];
    const { model, added } = await distill(student, teacher, data, { ...base, losses, teacherValues: ['fc1_out'] });
    expect([...added.keys()]).toEqual(['regressor/fc1_out/bias', 'regressor/fc1_out']);
    expect([...model.graph.initializers()].map(({ name }) => name)).toEqual(
      [...student.graph.initializers()].map(({ name }) => name),
    );
    expect(model.graph.nodeCount).toBe(student.graph.nodeCount);
  });

  test('models that do not fit are refused by name', async () => {
    await expect(Teacher.open([])).rejects.toThrow(code('ERR_DISTILL_TEACHER'));
    await expect(Teacher.open(teacher, { values: ['nowhere'] })).rejects.toThrow(code('ERR_DISTILL_TEACHER'));
    const renamed = (change: (model: Model) => void) => {
      const model = mlp([INPUTS, 4, CLASSES], 5);
      change(model);
      return model;
    };
    const inputs = renamed(({ graph }) => graph.rename(graph.inputs[0]!, 'x'));
    const outputs = renamed(({ graph }) => graph.rename(graph.outputs[0]!, 'scores'));
    await expect(Teacher.open([teacher, inputs])).rejects.toThrow(code('ERR_DISTILL_TEACHER'));
    await expect(Teacher.open([teacher, outputs])).rejects.toThrow(code('ERR_DISTILL_TEACHER'));
    await expect(learned(inputs)).rejects.toThrow(code('ERR_DISTILL_TEACHER'));
    await expect(learned(mlp([INPUTS, CLASSES - 1], 5))).rejects.toThrow(code('ERR_DISTILL_TEACHER'));
  });

  test('options that make no sense are refused', async () => {
    const unlabelled = { ...data, arrays: new Map([...data.arrays].filter(([name]) => name !== 'labels')) };
    await expect(learned(teacher, { alpha: 0 })).rejects.toThrow(code('ERR_DISTILL_OPTIONS'));
    await expect(learned(teacher, { alpha: 1.5 })).rejects.toThrow(code('ERR_DISTILL_OPTIONS'));
    await expect(learned(teacher, { alpha: 0.5 }, unlabelled)).rejects.toThrow(code('ERR_DISTILL_OPTIONS'));
    await expect(learned(teacher, { cache: join(folder, 'c'), augment: () => undefined })).rejects.toThrow(
      code('ERR_DISTILL_OPTIONS'),
    );
    expect(await learned(teacher, {}, unlabelled)).toEqual(await learned(teacher, { alpha: 1 }));
  });

  test('stops at a signal', async () => {
    const aborted = AbortSignal.abort(new Error('enough'));
    await expect(learned(teacher, { signal: aborted })).rejects.toThrow('enough');
    await expect(learned(teacher, { signal: aborted, cache: join(folder, 'c') })).rejects.toThrow('enough');
    const midway = new AbortController();
    const onStep = () => midway.abort(new Error('enough'));
    await expect(learned(teacher, { signal: midway.signal, onStep })).rejects.toThrow('enough');
    expect(await readdir(folder)).toEqual([]);
  });
});

test('a checkpoint is of one teacher', async () => {
  const checkpoint = { path: join(folder, 'state.safetensors') };
  await learned(teacher, { checkpoint });
  expect(await learned(teacher, { checkpoint })).toEqual(await learned(teacher));
  await expect(learned(other, { checkpoint })).rejects.toThrow(code('ERR_CHECKPOINT'));
});

test('of an ensemble no session is left open where one model cannot be opened', async () => {
  const opened = jest.spyOn(Session, 'open');
  const disposed = jest.spyOn(Session.prototype, 'dispose');
  const g = new GraphBuilder('foreign');
  const foreign = g.output(g.op('Unheard', [g.input('input', 'float32', ['n', INPUTS])]), 'logits').model();
  await expect(Teacher.open([teacher, foreign], { engine: 'ort' })).rejects.toThrow();
  expect(disposed).toHaveBeenCalledTimes(opened.mock.calls.length - 1);
  opened.mockRestore();
  disposed.mockRestore();
});

describe('cache', () => {
  /** How many samples the teacher was asked about. */
  async function asked(from: Model, samples: Dataset, path: string): Promise<number> {
    const opened = await Teacher.open(from, { engine: 'reference', threads: 1 });
    let count = 0;
    const onProgress = (done: number) => (count = done);
    await cacheTeacher(opened, ['logits'], samples, { path, models: [from], onProgress });
    await opened.dispose();
    return count;
  }

  test('trains the same bytes as without, and when it is read again', async () => {
    const cache = join(folder, 'logits.safetensors');
    const options = { teacherEngine: 'reference' };
    const without = await learned(teacher, options);
    expect(await learned(teacher, { ...options, cache })).toEqual(without);
    expect(await readdir(folder)).toEqual(['logits.safetensors']);
    expect(await learned(teacher, { ...options, cache })).toEqual(without);
    expect(await learned(other, { ...options, cache })).toEqual(await learned(other, options));
  });

  test('reads data with arrays of truth values, and with some of a type that nobody asks for', async () => {
    const flags = Tensor.of('bool', [SAMPLES], new Uint8Array(SAMPLES).fill(1));
    const small = Tensor.fromNumbers('int16', [SAMPLES], Array<number>(SAMPLES).fill(3));
    const more = arrayDataset({ ...tensors, flags, small });
    expect(await asked(teacher, more, join(folder, 'logits.safetensors'))).toBe(SAMPLES);
  });

  test('holds for one teacher and its data', async () => {
    const path = join(folder, 'logits.safetensors');
    expect(await asked(teacher, data, path)).toBe(SAMPLES);
    expect(await asked(teacher, data, path)).toBe(0);
    expect(await asked(other, data, path)).toBe(SAMPLES);
    expect(await asked(teacher, data, path)).toBe(SAMPLES);
    const fewer = subset(
      data,
      Uint32Array.from({ length: 8 }, (_, i) => i),
    );
    expect(await asked(teacher, fewer, path)).toBe(8);
  });

  test('tells teachers apart that differ in an attribute alone', async () => {
    const path = join(folder, 'logits.safetensors');
    const leaky = (alpha: number) => {
      const g = new GraphBuilder('leaky');
      const x = g.input('input', 'float32', ['n', INPUTS]);
      return g.output(g.op('LeakyRelu', [x], { alpha }), 'logits').model();
    };
    expect(await asked(leaky(0.25), data, path)).toBe(SAMPLES);
    expect(await asked(leaky(0.5), data, path)).toBe(SAMPLES);
    expect(await asked(leaky(0.5), data, path)).toBe(0);
  });
});
