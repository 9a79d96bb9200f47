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
import { GossamerError } from '@gossamer/graph';
import { existsSync } from 'node:fs';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatTable } from '../console-text.js';
import { parseBindings } from '../parse-bindings.js';
import { gateOptions, openSource } from './open-source.js';

type Flags = Readonly<Record<string, unknown>>;

/** gossamer train --arch A -o OUT --data D */
export async function trainArchitecture(flags: Flags, context: CommandContext): Promise<CommandResult> {
  const arch = flags['arch'] as string;
  return write(undefined, flags, context, async (options) => train({ ...options, arch }));
}

/** gossamer finetune MODEL -o OUT --data D [--teacher T] */
export async function finetuneModel(model: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  const source = await loadModel(model);
  return write(source, flags, context, async (options) => finetune(source, { ...options, ...(await teaching(flags)) }));
}

/** gossamer distill --teacher T --student S -o OUT --data D */
export async function distillModel(flags: Flags, context: CommandContext): Promise<CommandResult> {
  const student = await loadModel(flags['student'] as string);
  return write(student, flags, context, async (options) =>
    finetune(student, { ...options, ...(await teaching(flags)) }),
  );
}

async function write(
  source: OnnxModel | undefined,
  flags: Flags,
  context: CommandContext,
  work: (options: Omit<FinetuneOptions, 'teacher'>) => Promise<TrainingResult>,
): Promise<CommandResult> {
  const output = flags['output'] as string;
  const { force } = context.options;
  if (source) assertWritable(source, output, force);
  else if (existsSync(output) && !force) {
    throw new GossamerError(
      'ERR_OUTPUT_EXISTS',
      `${output}: expected a new file, received one that exists (--force replaces it)`,
    );
  }
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
    warnings: [...(source?.ir.warnings ?? []), ...warnings, ...(verification?.warnings ?? [])],
    verification,
    cost,
  };
  const inputs = [source?.path, ...((flags['teacher'] as readonly string[] | undefined) ?? [])].filter(
    (path) => path !== undefined,
  );
  return { json, text: describe(json), inputs, outputs: [output] };
}

async function teaching(flags: Flags): Promise<Partial<FinetuneOptions>> {
  const paths = flags['teacher'] as readonly string[] | undefined;
  if (!paths) return {};
  return {
    teacher: await Promise.all(paths.map(loadModel)),
    ...given(flags, {
      alpha: 'alpha',
      temperature: 'temperature',
      teacherEngine: 'teacherEngine',
      distillation: 'distillation',
    }),
  };
}

const NAMES = {
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
  trainable: 'trainable',
  frozen: 'frozen',
  engine: 'engine',
  checkpointEvery: 'checkpointEvery',
} as const;

function trainingFlags(flags: Flags, context: CommandContext): Omit<FinetuneOptions, 'teacher' | 'data'> {
  const { seed, threads, run } = context.options;
  const bind = parseBindings(flags['bind'] as string | undefined);
  return {
    ...given(flags, NAMES),
    seed,
    bind,
    signal: context.signal,
    onProgress: context.onProgress,
    ...(threads === undefined ? {} : { threads }),
    ...(run === undefined ? {} : { run }),
  };
}

/** The flags that were given, under the names the SDK has for them. */
function given(flags: Flags, names: Readonly<Record<string, string>>): Record<string, unknown> {
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
