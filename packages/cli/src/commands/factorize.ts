import {
  type AccuracyResult,
  assertWritable,
  compareFiles,
  type CompressionResult,
  factorize,
  type FactorizeOptions,
  type FactorizeResult,
  loadAnyModel,
  peakRssMb,
} from '@gossamer/compress';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatBytes, formatCount, formatTable, plain } from '../console-text.js';
import { accuracyGoal } from './accuracy-goal.js';
import { describeFile, groupedLayers } from './describe-file.js';
import * as folder from './model-folder.js';
import { gateOptions, openSource } from './open-source.js';
import { given } from './train.js';

type Flags = Readonly<Record<string, unknown>>;

interface FactorizeJson extends CompressionResult {
  readonly method: string;
  readonly macs: FactorizeResult['report']['macs'];
  readonly layers: FactorizeResult['report']['layers'];
  readonly samples: number;
  readonly accuracy?: AccuracyResult;
}

/** gossamer factorize MODEL -o OUT [--method M] [--rank R | --energy E | --budget B | --sensitivity S] */
export async function run(model: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  const output = flags['output'] as string;
  const { force, seed, threads, verbose } = context.options;
  const choice = { ...given(flags, NAMES), seed } as FactorizeOptions;
  if (folder.isFolder(model)) return folder.factorize(model, flags, context, choice);
  const source = await loadAnyModel(model);
  assertWritable(source, output, force);
  const spec = flags['data'] as string | undefined;
  const data = spec === undefined ? undefined : await openSource(spec, flags, context);
  const accuracy = await accuracyGoal(flags, context);
  const start = performance.now();
  const result = await factorize(source, {
    ...choice,
    ...(data ? { data } : {}),
    ...(accuracy ? { accuracy } : {}),
    ...(threads === undefined ? {} : { threads }),
    signal: context.signal,
    onProgress: context.onProgress,
  });
  const verification = await result.model.save(output, gateOptions(flags, context));
  const gateSeconds = verification?.seconds ?? 0;
  const { method, layers, macs, samples, warnings } = result.report;
  const report: FactorizeJson = {
    output,
    status: 'done',
    bytes: await compareFiles(source, output),
    method,
    macs,
    layers,
    samples,
    ...(result.accuracy ? { accuracy: result.accuracy } : {}),
    warnings: [...source.ir.warnings, ...warnings, ...(verification?.warnings ?? [])],
    verification,
    cost: { makeSeconds: (performance.now() - start) / 1000 - gateSeconds, gateSeconds, peakRssMb: peakRssMb() },
  };
  return { json: { ...report }, text: describe(report, verbose), inputs: [model], outputs: [output] };
}

/** Flags whose name and meaning are those of the SDK option. */
const NAMES = Object.fromEntries(
  [
    ...['method', 'rank', 'energy', 'budget', 'sensitivity', 'refit', 'roundTo', 'density'],
    ...['samples', 'include', 'exclude'],
  ].map((name) => [name, name]),
);

function describe(report: FactorizeJson, verbose: boolean): string {
  const { layers, macs, method } = report;
  const cut = layers.filter(({ action }) => action === 'factorized');
  const left = layers.filter(({ action }) => action === 'left');
  const share = (error: number | undefined) => (error === undefined ? '' : `${(100 * error).toPrecision(2)}%`);
  const rows = cut.map(({ name, op, ranks, bytes, macs: own, weightError, outputError }) => [
    name,
    op,
    ranks!.join(' x '),
    `${formatBytes(bytes.before)} -> ${formatBytes(bytes.after)}`,
    own ? `${formatCount(own.before)} -> ${formatCount(own.after)}` : '',
    share(weightError),
    share(outputError),
  ]);
  return [
    ...describeFile(report),
    `layers: ${cut.length} written by ${method}, ${left.length} left; their MACs ${formatCount(macs.before)} -> ${formatCount(macs.after)} (${macs.ratio.toFixed(2)}x fewer)`,
    ...(rows.length > 0
      ? ['', formatTable(['layer', 'op', 'rank', 'bytes', 'MACs', 'weight error', 'output error'], rows)]
      : []),
    ...(left.length > 0 ? ['', groupedLayers(left, verbose)] : []),
    ...report.warnings.map((warning) => `warning: ${plain(warning)}`),
  ].join('\n');
}
