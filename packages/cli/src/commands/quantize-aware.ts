import {
  assertWritable,
  compareFiles,
  type CompressionResult,
  loadModel,
  peakRssMb,
  quantizeAware,
  type QuantizeAwareOptions,
  type QuantizeAwareResult,
} from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatTable } from '../console-text.js';
import { describe } from './describe-quantized.js';
import * as folder from './model-folder.js';
import { gateOptions, openSource } from './open-source.js';
import { refuseFlags } from './refuse-flags.js';
import { given, TEACHER_NAMES, TRAINING_NAMES, trainingFlags } from './train.js';

type Flags = Readonly<Record<string, unknown>>;

/** Flags of `quantize` that only training reads. */
const OF_TRAINING = [
  ...['teacher', 'weightBits', 'activationBits', 'stages', 'scaleLearningRate', 'clipDecay', 'limit', 'bind'],
  ...Object.values(TRAINING_NAMES),
  ...Object.values(TEACHER_NAMES),
];

/** Flags that other modes have, too. */
const SHARED = [
  ...['output', 'mode', 'data', 'preprocess', 'externalData', 'verify'],
  ...['granularity', 'activations', 'edgeBits', 'samples', 'include', 'exclude', 'preserve'],
  ...['json', 'seed', 'threads', 'quiet', 'verbose', 'force', 'run'],
];

/** Flags that are true where nothing is said. */
const SWITCHED_OFF = ['optimize', 'costModel'];

const GRID_NAMES = [
  ...['weightBits', 'activationBits', 'edgeBits', 'granularity', 'activations', 'stages', 'scaleLearningRate'],
  ...['clipDecay', 'samples', 'include', 'exclude', 'preserve'],
];

/** Throws ERR_OPTION where a flag of training was given in another mode. */
export const refuseTraining = (flags: Flags): void => refuseFlags(flags, OF_TRAINING, 'without --mode qat');

/** gossamer quantize MODEL -o OUT --mode qat --data TRAIN [--teacher T] */
export async function run(model: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  refuseOthers(model, flags);
  const output = flags['output'] as string;
  const { force, verbose } = context.options;
  const source = await loadModel(model);
  const teacher = await Promise.all(((flags['teacher'] as readonly string[] | undefined) ?? []).map(loadModel));
  assertWritable([source, ...teacher], output, force);
  const data = await openSource(flags['data'] as string, flags, context);
  const start = performance.now();
  const result = await quantizeAware(source, {
    ...trainingFlags(flags, context),
    ...given(flags, Object.fromEntries(GRID_NAMES.map((name) => [name, name]))),
    ...(teacher.length > 0 ? { teacher, ...given(flags, TEACHER_NAMES) } : {}),
    data,
  } as QuantizeAwareOptions);
  const verification = await result.model.save(output, gateOptions(flags, context));
  const gateSeconds = verification?.seconds ?? 0;
  const { history, engine } = result;
  const report: CompressionResult & Pick<QuantizeAwareResult, 'history' | 'engine'> = {
    output,
    status: 'done',
    bytes: await compareFiles(source, output),
    layers: result.report.layers,
    history,
    engine,
    warnings: [
      ...[source, ...teacher].flatMap(({ ir }) => ir.warnings),
      ...result.report.warnings,
      ...(verification?.warnings ?? []),
      ...(data.latencyOnly ? ['trained on random data: the weights mean nothing'] : []),
    ],
    verification,
    cost: { makeSeconds: (performance.now() - start) / 1000 - gateSeconds, gateSeconds, peakRssMb: peakRssMb() },
  };
  const inputs = [source, ...teacher].flatMap(({ path }) => (path === undefined ? [] : [path]));
  const text = `${describe(report, verbose)}\n\n${curve(history)}`;
  return { json: { ...report }, text, inputs, outputs: [output] };
}

function refuseOthers(model: string, flags: Flags): void {
  const isGiven = (name: string) => (SWITCHED_OFF.includes(name) ? flags[name] === false : true);
  const known = new Set([...SHARED, ...OF_TRAINING]);
  const strangers = Object.keys(flags).filter((name) => !known.has(name) && isGiven(name));
  refuseFlags(flags, strangers, 'with --mode qat');
  if (flags['teacher'] === undefined) refuseFlags(flags, Object.values(TEACHER_NAMES), 'without --teacher');
  if (flags['data'] === undefined) {
    throw new GossamerError('ERR_OPTION', 'data: expected samples to train on with --mode qat, received none');
  }
  if (!folder.isFolder(model)) return;
  throw new GossamerError('ERR_OPTION', 'model: expected a file with --mode qat, received a folder');
}

/** Epochs of all stages, one after the other. */
function curve(history: QuantizeAwareResult['history']): string {
  const rows = history.map(({ loss, validation }, i) => [
    String(i + 1),
    loss.toPrecision(5),
    validation === undefined ? '' : validation.toPrecision(5),
  ]);
  return formatTable(['epoch', 'loss', 'held out'], rows);
}
