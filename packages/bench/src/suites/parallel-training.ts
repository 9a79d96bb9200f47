import { createRequire } from 'node:module';
import { sep } from 'node:path';
import { type Model, Tensor } from '@gossamer/graph';
import {
  buildLossGraph,
  buildTrainingGraph,
  crossEntropy,
  openDataParallelSession,
  openTrainingPipeline,
  openTrainingSession,
  Pipeline,
  runTasks,
  toTrainingForm,
  type TrainingSession,
} from '@gossamer/train';
import type { SuiteFindings } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { normalArray } from '../training/normal-array.js';
import { TRAINING_NETS, type TrainingNet } from '../training/training-nets.js';

const ENGINES = ['native', 'ort'] as const;
const NETS = ['mlp', 'lenet-5', 'resnet-20'];
const SHARDS = 2;
const TASKS = 8;
const TASK_STEPS = 100;
/** Samples of each kind, taken in turns; the fastest counts. */
const SAMPLES = 15;
/** Batches that one sample of a pipeline for inference streams. */
const STREAM = 16;

interface Row {
  readonly net: string;
  readonly engine: string;
  readonly way: string;
  readonly perSecond: number;
}

/** Something that is timed: how many units (updates, batches) one call does. */
interface Contender {
  readonly way: string;
  readonly units: number;
  run(): Promise<unknown>;
  dispose(): Promise<void>;
}

/** Data, model and task parallelism on this machine, beside one process. */
export const parallelTraining: Suite = {
  name: 'parallel-training',
  isTimed: true,
  about: 'data parallel training, pipelines and independent tasks with 1 and 2 workers, beside one process',
  run: measure,
};

async function measure({ only, signal, say }: SuiteContext): Promise<SuiteFindings> {
  const rows: Row[] = [];
  for (const net of TRAINING_NETS.filter(({ name }) => (only ?? NETS).includes(name))) {
    for (const engine of ENGINES) {
      say(`${net.name}, ${engine}`);
      rows.push(...(await race(net, engine, await trainers(net, engine), signal)));
      rows.push(...(await race(net, engine, await streams(net, engine), signal)));
    }
  }
  say('tasks');
  const tasks = only && !only.includes('tasks') ? [] : await timeTasks(signal);
  return {
    summary: [
      `Updates of one graph step (weights in, loss and gradients out, no optimiser) and batches of inference a second: the fastest of ${SAMPLES} samples, taken`,
      `in turns. Data parallel cuts a batch into ${SHARDS} shards; pipelines have 2 stages, in training 4 micro-batches. Workers run on one thread each.`,
      `Tasks: ${TASKS} trainings of LeNet-5, ${TASK_STEPS} updates each, in child processes.`,
    ].join('\n'),
    claims: [],
    tables: [
      {
        title: 'Updates and batches a second',
        columns: ['net', 'engine', 'way', 'a second'],
        rows: rows.map(({ net, engine, way, perSecond }) => [net, engine, way, perSecond.toFixed(2)]),
      },
      {
        title: `${TASKS} tasks`,
        columns: ['workers', 'seconds'],
        rows: tasks.map(({ workers, seconds }) => [String(workers), seconds.toFixed(2)]),
      },
    ],
    data: { rows, tasks },
  };
}

const losses = [{ loss: crossEntropy() }];

function feedsOf(model: Model, form: ReturnType<typeof toTrainingForm>): Record<string, Tensor> {
  const initial = new Map([...form.parameters, ...form.running].map((state) => [state.name, state.initial]));
  return Object.fromEntries(
    model.graph.inputs.map(({ name, type }, i) => {
      const dims = (type?.kind === 'tensor' ? type.shape : []) as number[];
      const count = dims.reduce((a, b) => a * b, 1);
      const classes = Array.from({ length: count }, (_, k) => k % 10);
      if (name === 'labels') return [name, Tensor.fromNumbers('int64', dims, classes)];
      if (name === 'sample_weights') return [name, Tensor.of('float32', dims, new Float32Array(count).fill(1))];
      return [name, initial.get(name) ?? Tensor.of('float32', dims, normalArray(count, 1, i + 1))];
    }),
  );
}

async function trainers(net: TrainingNet, engine: 'native' | 'ort'): Promise<Contender[]> {
  const formOf = (batch: number) => toTrainingForm(net.build(), { batch });
  const graphOf = (batch: number) => buildTrainingGraph(formOf(batch), losses);
  const form = formOf(net.batch);
  const graph = graphOf(net.batch);
  const feeds = feedsOf(graph.model, form);
  const names = form.parameters.map(({ name }) => name);
  const contender = (way: string, session: TrainingSession): Contender => ({
    way,
    units: 1,
    run: () => session.run(feeds),
    dispose: () => session.dispose(),
  });
  const parallel = (workers: number) =>
    openDataParallelSession(graph, graphOf, { workers, shards: SHARDS, engine, threads: 1 });
  const pipeline = (stages: number) =>
    openTrainingPipeline((batch) => buildLossGraph(formOf(batch), losses), net.batch, names, {
      ...{ stages, microBatches: 4, engine, threads: 1 },
    });
  return [
    contender('training, one process, 1 thread', await openTrainingSession(graph.model, { engine, threads: 1 })),
    contender('training, one process, 2 threads', await openTrainingSession(graph.model, { engine, threads: 2 })),
    contender('training, data parallel, 1 worker', await parallel(1)),
    contender('training, data parallel, 2 workers', await parallel(2)),
    contender('training, pipeline of 2 stages', await pipeline(2)),
  ];
}

async function streams(net: TrainingNet, engine: 'native' | 'ort'): Promise<Contender[]> {
  const dims = [net.batch, ...net.input];
  const input = Tensor.of(
    'float32',
    dims,
    normalArray(
      dims.reduce((a, b) => a * b, 1),
      1,
      1,
    ),
  );
  const { model, inputs } = toTrainingForm(net.build(), { batch: net.batch, mode: 'evaluate', frozen: [] });
  const feeds = {
    ...feedsOf(model, toTrainingForm(net.build(), { batch: net.batch, mode: 'evaluate' })),
    [inputs[0]!]: input,
  };
  const batches = Array.from({ length: STREAM }, () => feeds);
  return Promise.all(
    [1, 2].map(async (stages): Promise<Contender> => {
      const pipeline = await Pipeline.open(model, { stages, engine, threads: 1 });
      return {
        way: `inference, ${stages} stage${stages > 1 ? 's' : ''}`,
        units: STREAM,
        run: async () => {
          for await (const outputs of pipeline.run(batches)) void outputs;
        },
        dispose: () => pipeline.dispose(),
      };
    }),
  );
}

async function race(net: TrainingNet, engine: string, contenders: readonly Contender[], signal: AbortSignal) {
  const best = contenders.map(() => Infinity);
  try {
    for (const { run } of contenders) await run();
    for (let sample = 0; sample < SAMPLES; sample++) {
      for (const [i, { run }] of contenders.entries()) {
        signal.throwIfAborted();
        const start = performance.now();
        await run();
        best[i] = Math.min(best[i]!, performance.now() - start);
      }
    }
  } finally {
    await Promise.all(contenders.map((contender) => contender.dispose()));
  }
  return contenders.map(({ way, units }, i) => ({ net: net.name, engine, way, perSecond: (1000 * units) / best[i]! }));
}

async function timeTasks(signal: AbortSignal) {
  const path = createRequire(import.meta.url).resolve('@gossamer/bench/training-task');
  const module = path.replace(`${sep}src${sep}`, `${sep}dist${sep}`).replace(/\.ts$/, '.js');
  const tasks = Array.from({ length: TASKS }, (_, seed) => ({ module, input: { seed, steps: TASK_STEPS } }));
  const measured: { workers: number; seconds: number }[] = [];
  for (const workers of [1, 2]) {
    const start = performance.now();
    const results = await runTasks<number>(tasks, { workers, signal });
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    measured.push({ workers, seconds: (performance.now() - start) / 1000 });
  }
  return measured;
}
