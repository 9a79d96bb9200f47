import {
  bytesOf,
  peakRssMb,
  quantizeTfjs,
  type QuantizeTfjsOptions,
  type QuantizeTfjsResult,
} from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatBytes, formatSqnr, formatTable, plain } from '../console-text.js';
import { gateOptions } from './open-source.js';

type Flags = Readonly<Record<string, unknown>>;

/** Flags of `quantize` that say nothing about how TF.js stores weights. */
const OTHER_FORMATS = [
  'explain',
  ...['preset', 'activations', 'bits', 'granularity', 'blockSize', 'mapping', 'calibrate', 'percentile', 'algorithm'],
  ...['blockFormat', 'accuracyLevel', 'target', 'keepFloat', 'targetSqnr', 'edgeBits', 'storage', 'requantize'],
  ...['samples', 'integerOnly', 'clip', 'layers', 'equalize', 'biasCorrection', 'accuracy', 'evalData', 'budget'],
  ...['candidates', 'sensitivity', 'layersOut', 'preserve'],
];

/** gossamer quantize model.json -o FOLDER --format tfjs --weights uint8|uint16|float16 */
export async function run(model: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  const output = flags['output'] as string;
  const start = performance.now();
  const { data, verify, ...rest } = gateOptions(flags, context);
  const result = await quantizeTfjs(model, output, {
    ...quantizeOptions(flags),
    ...(data ? { data } : {}),
    ...(verify ? { verify } : {}),
    ...(rest.threads === undefined ? {} : { threads: rest.threads }),
    force: context.options.force,
    signal: context.signal,
    onProgress: context.onProgress,
  });
  const { weights, warnings, verification, bytes, files } = result;
  const gateSeconds = verification?.seconds ?? 0;
  const report = {
    output,
    status: 'done',
    bytes: bytesOf(bytes.before, bytes.after),
    layers: weights.map((weight) => ({ op: 'weight', ...weight })),
    warnings,
    verification,
    cost: { makeSeconds: (performance.now() - start) / 1000 - gateSeconds, gateSeconds, peakRssMb: peakRssMb() },
  };
  const text = describe(output, result, context.options.verbose);
  return { json: report, text, inputs: files.read, outputs: files.written };
}

function quantizeOptions(flags: Flags): Pick<QuantizeTfjsOptions, 'weights' | 'include' | 'exclude'> {
  const stray = OTHER_FORMATS.find((name) => flags[name] !== undefined);
  if (stray !== undefined) {
    const spelled = stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new GossamerError('ERR_OPTION', `--${spelled}: expected none with --format tfjs, received one`);
  }
  const mode = flags['mode'];
  if (mode !== undefined && mode !== 'weight-only') {
    throw new GossamerError('ERR_OPTION', `--mode: expected weight-only with --format tfjs, received ${String(mode)}`);
  }
  const lists = ['include', 'exclude'].filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]);
  return {
    weights: (flags['weights'] ?? 'uint8') as QuantizeTfjsOptions['weights'],
    ...(Object.fromEntries(lists) as Pick<QuantizeTfjsOptions, 'include' | 'exclude'>),
  };
}

function describe(
  output: string,
  { bytes, weights, verification, warnings }: QuantizeTfjsResult,
  verbose: boolean,
): string {
  const { before, after, ratio } = bytesOf(bytes.before, bytes.after);
  const quantized = weights.filter(({ action }) => action === 'quantized').length;
  const lines = [
    `${plain(output)}: ${formatBytes(before)} -> ${formatBytes(after)} (${ratio.toFixed(2)}x smaller)`,
    `weights: ${quantized} quantized, ${weights.length - quantized} kept`,
  ];
  if (verification?.sqnrDb !== undefined) {
    lines.push(`against the input: ${formatSqnr(verification.sqnrDb)}, largest error ${verification.maxAbsError}`);
  }
  const rows = weights
    .filter(({ action }) => verbose || action === 'quantized')
    .map(({ name, storage, reason, maxAbsError }) => [
      name,
      storage,
      maxAbsError === undefined ? '' : maxAbsError.toExponential(1),
      reason,
    ]);
  lines.push('', formatTable(['weight', 'stored as', 'largest error', 'reason'], rows));
  lines.push(...warnings.map((warning) => `warning: ${plain(warning)}`));
  return lines.join('\n');
}
