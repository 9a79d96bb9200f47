import { assertWritable, distillDataFree, type DistillDataFreeOptions, loadModel, peakRssMb } from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import type { CommandContext, CommandResult } from '../command-context.js';
import { gateOptions, openSource } from './open-source.js';

type Flags = Readonly<Record<string, unknown>>;

/** Flags under the names the SDK has for them. */
const NAMES = [
  'batch',
  'learningRate',
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
  ...['labelSmoothing', 'validation', 'metric', 'patience', 'batchNorm', 'trainable', 'frozen', 'bind'],
  ...['alpha', 'distillation', 'teacherEngine', 'workers', 'shards'],
];

/** gossamer distill --teacher T --student S -o OUT --data-free gan|vae --steps N [--data FEW] */
export async function distillWithoutData(flags: Flags, context: CommandContext): Promise<CommandResult> {
  const stranger = OF_LOOPS.find((name) => flags[name] !== undefined);
  if (stranger !== undefined) {
    throw new GossamerError(
      'ERR_OPTION',
      `${stranger}: expected none with --data-free, received ${String(flags[stranger])}`,
    );
  }
  const paths = flags['teacher'] as readonly string[];
  const steps = flags['steps'] as number | undefined;
  if (paths.length !== 1) {
    throw new GossamerError('ERR_OPTION', `teacher: expected one model with --data-free, received ${paths.length}`);
  }
  if (steps === undefined)
    throw new GossamerError('ERR_OPTION', 'steps: expected a number with --data-free, received none');
  const student = await loadModel(flags['student'] as string);
  const teacher = await loadModel(paths[0]!);
  const output = flags['output'] as string;
  const { force, seed, threads, run } = context.options;
  assertWritable([student, teacher], output, force);
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
  const verification = await result.model.save(output, gateOptions(flags, context));
  const gateSeconds = verification?.seconds ?? 0;
  const { loss, engine, generatorMacs } = result;
  const warnings = [student, teacher].flatMap(({ ir }) => ir.warnings).concat(result.warnings);
  const json = {
    output,
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
  return { json, text, inputs, outputs: [output] };
}
