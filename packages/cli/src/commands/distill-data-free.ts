import { resolve } from 'node:path';
import { assertWritable, distillDataFree, type DistillDataFreeOptions, loadModel, peakRssMb } from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import type { CommandContext, CommandResult } from '../command-context.js';
import { gateOptions, openSource } from './open-source.js';
import { openStudent } from './open-student.js';
import { refuseFlags } from './refuse-flags.js';

type Flags = Readonly<Record<string, unknown>>;

/** Flags under the names the SDK has for them. */
const NAMES = [
  'batch',
  'learningRate',
  'generatorLearningRate',
  'temperature',
  'engine',
  'checkpointEvery',
  'adversarial',
  'inputMean',
  'inputDeviation',
] as const;
/** Flags of `distill` that say how a loop over data trains. */
const OF_LOOPS = [
  ...['epochs', 'accumulate', 'optimizer', 'schedule', 'warmUp', 'weightDecay', 'momentum', 'clipNorm', 'loss'],
  ...['labelSmoothing', 'validation', 'metric', 'patience', 'batchNorm', 'dropout', 'trainable', 'frozen', 'bind'],
  ...['alpha', 'distillation', 'teacherEngine', 'workers', 'shards', 'blockedLayout'],
];

/** gossamer distill --teacher T --student S -o OUT --data-free gan|vae --steps N [--data FEW] [--generator-output FILE] */
export async function distillWithoutData(flags: Flags, context: CommandContext): Promise<CommandResult> {
  refuseFlags(flags, OF_LOOPS, 'with --data-free');
  const paths = flags['teacher'] as readonly string[];
  const steps = flags['steps'] as number | undefined;
  if (paths.length !== 1) {
    throw new GossamerError('ERR_OPTION', `teacher: expected one model with --data-free, received ${paths.length}`);
  }
  if (steps === undefined)
    throw new GossamerError('ERR_OPTION', 'steps: expected a number with --data-free, received none');
  const { model: student, warnings: derived } = await openStudent(flags, context);
  const teacher = await loadModel(paths[0]!);
  const output = flags['output'] as string;
  const generatorOutput = flags['generatorOutput'] as string | undefined;
  const outputs = [output, ...(generatorOutput === undefined ? [] : [generatorOutput])];
  const { force, seed, threads, run } = context.options;
  if (new Set(outputs.map((path) => resolve(path))).size < outputs.length) {
    throw new GossamerError('ERR_OPTION', `generator-output: expected a file of its own, received ${generatorOutput!}`);
  }
  for (const path of outputs) assertWritable([student, teacher], path, force);
  const spec = flags['data'] as string | undefined;
  const data = spec === undefined ? undefined : await openSource(spec, flags, context);
  const given = Object.fromEntries(
    NAMES.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]),
  );
  const start = performance.now();
  const result = await distillDataFree(student, {
    ...given,
    steps,
    teacher,
    generator: flags['dataFree'] as DistillDataFreeOptions['generator'],
    seed,
    signal: context.signal,
    onProgress: context.onProgress,
    ...(data ? { data } : {}),
    ...(threads === undefined ? {} : { threads }),
    ...(run === undefined ? {} : { run }),
  });
  const gate = gateOptions(flags, context);
  const verification = await result.model.save(output, gate);
  if (generatorOutput !== undefined) {
    await result.generator.save(generatorOutput, { force, verify: gate.verify === 'none' ? 'none' : 'load' });
  }
  const gateSeconds = verification?.seconds ?? 0;
  const { loss, engine, generatorMacs } = result;
  const warnings = [...derived, ...[student, teacher].flatMap(({ ir }) => ir.warnings), ...result.warnings];
  const json = {
    output,
    ...(generatorOutput === undefined ? {} : { generatorOutput }),
    status: 'done',
    steps,
    engine,
    loss,
    generatorMacs,
    warnings: [...warnings, ...(verification?.warnings ?? [])],
    verification,
    cost: {
      makeSeconds: (performance.now() - start) / 1000 - gateSeconds,
      gateSeconds,
      peakRssMb: peakRssMb(),
    },
  };
  const text = [
    `${output}: ${steps} rounds on ${engine}, loss ${loss.toPrecision(4)}, generator ${(generatorMacs / 1e6).toFixed(1)} million multiply-accumulates`,
    ...json.warnings.map((warning) => `warning: ${warning}`),
  ].join('\n');
  const inputs = [student.path, teacher.path].filter((path) => path !== undefined);
  return { json, text, inputs, outputs };
}
