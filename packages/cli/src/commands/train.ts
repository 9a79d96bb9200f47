import {
  assertWritable,
  type CompressionResult,
  finetune,
  type FinetuneOptions,
  loadModel,
  type OnnxModel,
  peakRssMb,
  train,
  type TrainingResult,
} from '@gossamer/compress';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatTable } from '../console-text.js';
import { parseBindings } from '../parse-bindings.js';
import { gateOptions, openSource } from './open-source.js';
import { openStudent } from './open-student.js';
import { refuseFlags } from './refuse-flags.js';

type Flags = Readonly<Record<string, unknown>>;

/** gossamer train --arch A -o OUT --data D */
export async function trainArchitecture(flags: Flags, context: CommandContext): Promise<CommandResult> {
  const arch = flags['arch'] as string;
  return write([], flags, context, async (options) => train({ ...options, arch }));
}

/** gossamer finetune MODEL -o OUT --data D [--teacher T] */
export async function finetuneModel(model: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  if (flags['teacher'] === undefined) refuseFlags(flags, Object.values(TEACHER_NAMES), 'without --teacher');
  return trainOn(await loadModel(model), flags, context);
}

/** gossamer distill --teacher T --student S -o OUT --data D */
export async function distillModel(flags: Flags, context: CommandContext): Promise<CommandResult> {
  refuseFlags(flags, OF_GENERATORS, 'without --data-free');
  const { model, warnings } = await openStudent(flags, context);
  return trainOn(model, flags, context, warnings);
}

async function trainOn(
  model: OnnxModel,
  flags: Flags,
  context: CommandContext,
  warnings: readonly string[] = [],
): Promise<CommandResult> {
  const teacher = await Promise.all(((flags['teacher'] as readonly string[] | undefined) ?? []).map(loadModel));
  return write([model, ...teacher], flags, context, async (options) => {
    const taught = teacher.length > 0 ? { teacher, ...given(flags, TEACHER_NAMES) } : {};
    const result = await finetune(model, { ...options, ...taught, ...given(flags, { preserve: 'preserve' }) });
    return { ...result, warnings: [...warnings, ...result.warnings] };
  });
}

/** Trains and writes what comes of it; `sources` are the model that is trained, where there is one, and its teachers. */
async function write(
  sources: readonly OnnxModel[],
  flags: Flags,
  context: CommandContext,
  work: (options: Omit<FinetuneOptions, 'teacher'>) => Promise<TrainingResult>,
): Promise<CommandResult> {
  const output = flags['output'] as string;
  const { force } = context.options;
  assertWritable(sources, output, force);
  const data = await openSource(flags['data'] as string, flags, context);
  const start = performance.now();
  const result = await work({ ...trainingFlags(flags, context), data });
  const verification = await result.model.save(output, gateOptions(flags, context));
  const gateSeconds = verification?.seconds ?? 0;
  const { history, steps, metric, best, engine, warnings } = result;
  const cost: CompressionResult['cost'] = {
    makeSeconds: (performance.now() - start) / 1000 - gateSeconds,
    gateSeconds,
    peakRssMb: peakRssMb(),
  };
  const json = {
    output,
    status: 'done',
    steps,
    engine,
    ...(metric === undefined ? {} : { metric }),
    ...(best ? { best } : {}),
    history,
    warnings: [...sources.flatMap(({ ir }) => ir.warnings), ...warnings, ...(verification?.warnings ?? [])],
    verification,
    cost,
  };
  const inputs = sources.map(({ path }) => path).filter((path) => path !== undefined);
  return { json, text: describe(json), inputs, outputs: [output] };
}

/** Flags of a teacher, by option. */
export const TEACHER_NAMES = {
  alpha: 'alpha',
  temperature: 'temperature',
  teacherEngine: 'teacherEngine',
  distillation: 'distillation',
} as const;

/** Flags of training, by option. */
export const TRAINING_NAMES = {
  epochs: 'epochs',
  steps: 'steps',
  batch: 'batch',
  accumulate: 'accumulate',
  optimizer: 'optimizer',
  learningRate: 'learningRate',
  schedule: 'schedule',
  warmUp: 'warmUp',
  weightDecay: 'weightDecay',
  momentum: 'momentum',
  clipNorm: 'clipNorm',
  loss: 'loss',
  labelSmoothing: 'labelSmoothing',
  validation: 'validation',
  metric: 'metric',
  patience: 'patience',
  batchNorm: 'batchNorm',
  dropout: 'dropout',
  trainable: 'trainable',
  frozen: 'frozen',
  engine: 'engine',
  workers: 'workers',
  shards: 'shards',
  blockedLayout: 'blockedLayout',
  checkpointEvery: 'checkpointEvery',
} as const;

/** Flags of `distill --data-free`. */
const OF_GENERATORS = ['inputMean', 'inputDeviation', 'generatorOutput', 'generatorLearningRate', 'adversarial'];

/** What the flags say about training, under the names the SDK has for it. */
export function trainingFlags(flags: Flags, context: CommandContext): Omit<FinetuneOptions, 'teacher' | 'data'> {
  const { seed, threads, run } = context.options;
  const bind = parseBindings(flags['bind'] as string | undefined);
  return {
    ...given(flags, TRAINING_NAMES),
    seed,
    bind,
    signal: context.signal,
    onProgress: context.onProgress,
    ...(threads === undefined ? {} : { threads }),
    ...(run === undefined ? {} : { run }),
  };
}

/** The flags that were given, under the names the SDK has for them. */
export function given(flags: Flags, names: Readonly<Record<string, string>>): Record<string, unknown> {
  const entries = Object.entries(names).map(([option, flag]) => [option, flags[flag]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function describe(json: {
  readonly output: string;
  readonly engine: string;
  readonly steps: number;
  readonly metric?: string;
  readonly history: TrainingResult['history'];
  readonly warnings: readonly string[];
}): string {
  const rows = json.history.map(({ epoch, loss, validation }) => [
    String(epoch),
    loss.toPrecision(5),
    validation === undefined ? '' : validation.toPrecision(5),
  ]);
  return [
    `${json.output}: ${json.steps} updates on ${json.engine}`,
    formatTable(['epoch', 'loss', json.metric === undefined ? '' : `${json.metric}, held out`], rows),
    ...json.warnings.map((warning) => `warning: ${warning}`),
  ].join('\n');
}
