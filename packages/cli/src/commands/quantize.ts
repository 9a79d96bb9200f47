import { readFileSync } from 'node:fs';
import {
  assertWritable,
  compareFiles,
  type CompressionResult,
  type DataSource,
  explain,
  type Explanation,
  type LayerRule,
  loadModel,
  type OnnxModel,
  peakRssMb,
  quantize,
  type QuantizeOptions,
  type QuantizeResult,
} from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import { describeExplanation } from '../describe-explanation.js';
import type { CommandContext, CommandResult } from '../command-context.js';
import { describe } from './describe-quantized.js';
import * as folder from './model-folder.js';
import { gateOptions, openSource } from './open-source.js';
import * as quantizeAware from './quantize-aware.js';

type Flags = Readonly<Record<string, unknown>>;

/** gossamer quantize MODEL -o OUT --mode static|dynamic|weight-only|qat */
export async function run(model: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  if (flags['mode'] === 'qat') return quantizeAware.run(model, flags, context);
  quantizeAware.refuseTraining(flags);
  if (flags['format'] === 'tfjs') return (await import('./quantize-tfjs.js')).run(model, flags, context);
  if (folder.isFolder(model)) {
    return folder.quantize(model, flags, context, quantizeOptions(flags, undefined, context));
  }
  const output = flags['output'] as string;
  const { force, verbose } = context.options;
  if (flags['explain'] === true && flags['data'] === undefined) {
    throw new GossamerError('ERR_OPTION', '--explain: expected --data to look at, received none');
  }
  const source = await loadModel(model);
  assertWritable(source, output, force);
  const spec = flags['data'] as string | undefined;
  const data = spec === undefined ? undefined : await openSource(spec, flags, context);
  const start = performance.now();
  const result = await quantize(source, quantizeOptions(flags, data, context));
  const made = performance.now();
  const verification = await result.model.save(output, gateOptions(flags, context));
  const gateSeconds = verification?.seconds ?? 0;
  const report: CompressionResult & Pick<QuantizeResult['report'], 'samples' | 'equalized' | 'biases'> = {
    output,
    status: 'done',
    bytes: await compareFiles(source, output),
    layers: result.report.layers,
    samples: result.report.samples,
    ...(result.report.equalized ? { equalized: result.report.equalized } : {}),
    ...(result.report.biases ? { biases: result.report.biases } : {}),
    warnings: [
      ...source.ir.warnings,
      ...result.report.warnings,
      ...(verification?.warnings ?? []),
      ...(data?.latencyOnly ? ['calibrated on random data: ranges, and so quality, are meaningless'] : []),
    ],
    verification,
    // Writing the file belongs to making it; the gate runs in a child process in between.
    cost: {
      makeSeconds: (performance.now() - start) / 1000 - gateSeconds,
      gateSeconds,
      peakRssMb: peakRssMb(),
    },
  };
  context.say(`quantized in ${((made - start) / 1000).toFixed(2)} s, gate ${gateSeconds.toFixed(2)} s`);
  const explanation = await explainResult(source, result, flags, data, context);
  const text = explanation
    ? `${describe(report, verbose)}\n\n${describeExplanation(explanation)}`
    : describe(report, verbose);
  const json = { ...report, ...(explanation ? { explanation } : {}) };
  return { json, text, inputs: [model], outputs: [output] };
}

/** What --explain asks for; undefined without it. */
async function explainResult(
  source: OnnxModel,
  { model, report }: QuantizeResult,
  flags: Flags,
  data: DataSource | undefined,
  { options: { threads }, signal, onProgress }: CommandContext,
): Promise<Explanation | undefined> {
  if (flags['explain'] !== true || !data) return undefined;
  const how = { ...(threads === undefined ? {} : { threads }), signal, onProgress };
  return explain(source, model, data, { ...how, report, optimize: flags['optimize'] !== false });
}

function quantizeOptions(flags: Flags, data: DataSource | undefined, context: CommandContext): QuantizeOptions {
  const algorithm = flags['algorithm'] as string | undefined;
  const target = oneOf(flags, 'target', ['cpu', 'cpu-without-vnni']);
  const chosen: Record<string, unknown> = {
    calibrator: flags['calibrate'],
    blockSize: flags['blockSize'],
    samples: flags['samples'],
    data,
    algorithm: algorithm?.replace(/^rtn(-clip)?$/, 'nearest'),
    clip: algorithm === 'rtn-clip' ? true : flags['clip'],
    layers: flags['layers'] === undefined ? undefined : readLayers(flags['layers'] as string),
    reduceRange: target === undefined ? undefined : target === 'cpu-without-vnni',
  };
  for (const name of PASSED_ON) chosen[name] = flags[name];
  const given = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
  const { seed, threads } = context.options;
  return {
    ...(given as QuantizeOptions),
    seed,
    ...(threads === undefined ? {} : { threads }),
    signal: context.signal,
    onProgress: context.onProgress,
  };
}

/** Rules of single layers from a JSON file. */
function readLayers(path: string): LayerRule[] {
  const expected = 'a JSON list of {"match", "weights", "granularity", "blockSize"}';
  let rules: unknown;
  try {
    rules = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new GossamerError('ERR_OPTION', `--layers: expected ${expected}, received ${(cause as Error).message}`, {
      cause,
    });
  }
  const isRule = (rule: unknown) => typeof rule === 'object' && typeof (rule as LayerRule | null)?.match === 'string';
  if (Array.isArray(rules) && rules.every(isRule)) return rules as LayerRule[];
  throw new GossamerError('ERR_OPTION', `--layers: expected ${expected}, received something else in ${path}`);
}

/** Flags whose name and meaning are those of the SDK option. */
const PASSED_ON = [
  'mode',
  'preset',
  'weights',
  'activations',
  'bits',
  'granularity',
  'mapping',
  'percentile',
  'format',
  'integerOnly',
  'blockFormat',
  'accuracyLevel',
  'equalize',
  'biasCorrection',
  'keepFloat',
  'targetSqnr',
  'storage',
  'edgeBits',
  'costModel',
  'include',
  'exclude',
  'optimize',
  'requantize',
] as const;

function oneOf(flags: Flags, name: string, choices: readonly string[]): string | undefined {
  const value = flags[name] as string | undefined;
  if (value === undefined || choices.includes(value)) return value;
  throw new GossamerError('ERR_OPTION', `--${name}: expected ${choices.join(' or ')}, received ${value}`);
}
