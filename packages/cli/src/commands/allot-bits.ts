import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  dataFiles,
  type DataSource,
  mixedPrecision,
  type MixedPrecisionOptions,
  type MixedPrecisionResult,
  type OnnxModel,
  type QuantizeOptions,
} from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import { modelBytes } from '@gossamer/graph/onnx';
import type { CommandContext } from '../command-context.js';
import { formatTable } from '../console-text.js';
import { MeasurementLog } from '../measurement-log.js';
import type { ModelBudget } from '../parse-budget.js';
import { sha256 } from '../sha256.js';
import { refuseFlags } from './refuse-flags.js';

type Flags = Readonly<Record<string, unknown>>;

/** Flags that say what --budget finds out, or that the search cannot see. */
const DECIDED = ['preset', 'weights', 'bits', 'granularity', 'mapping', 'layers', 'edgeBits', 'equalize', 'requantize'];
const OF_BUDGET = ['candidates', 'sensitivity', 'layersOut'];

/** What --budget found. */
export interface AllottedBits {
  /** Bytes that the file may take; undefined: any. */
  readonly budget: number | undefined;
  /** What `quantize` is told. */
  readonly options: Pick<QuantizeOptions, 'mode' | 'layers'>;
  /** What the search could not do, and why. */
  readonly warnings: readonly string[];
  /** What --json says about it. */
  readonly report: Pick<MixedPrecisionResult, 'layers' | 'metric' | 'latency'> & {
    readonly budget: { readonly bytes?: number; readonly latency?: number };
    /** Measurements that were taken, and all that decided. */
    readonly measured: number;
    readonly measurements: number;
    /** The file of the measurements. */
    readonly journal: string;
  };
}

/**
 * Chooses the bits of each layer when --budget asks for it; undefined without. Every measurement is written to OUT.journal (with --run: into that folder) as it is taken, so that the same
 * command goes on where it was interrupted, and other budgets of the same measurements are quick.
 */
export async function allotBits(
  source: OnnxModel,
  data: DataSource | undefined,
  flags: Flags,
  context: CommandContext,
): Promise<AllottedBits | undefined> {
  const asked = flags['budget'] as ModelBudget | undefined;
  if (!asked) {
    refuseFlags(flags, OF_BUDGET, 'without --budget');
    return undefined;
  }
  refuseFlags(flags, DECIDED, 'with --budget, which decides it');
  const { mode = 'weight-only' } = flags as { mode?: string };
  if (mode !== 'weight-only') throw refuse(`--mode: expected weight-only with --budget, received ${mode}`);
  if (!data) throw refuse('--data: expected calibration data for --budget, received none');
  const { share, bytes = share && Math.floor(share * modelBytes(source.ir)), latency } = asked;
  const budget = { ...(bytes === undefined ? {} : { bytes }), ...(latency === undefined ? {} : { latency }) };
  const how = measuringOptions(flags, latency !== undefined);
  const { run, seed } = context.options;
  const journal = run === undefined ? `${flags['output'] as string}.journal` : join(run, 'journal');
  const files = await Promise.all([source.path!, ...dataFiles(source)].map(sha256));
  const log = new MeasurementLog(journal, [files, await data.digest(), how, seed]);
  const { signal, onProgress } = context;
  const result = await mixedPrecision(source, {
    ...{ ...how, data, budget, journal: log.known, onMeasured: log.add, signal, onProgress },
    ...given(flags, ['candidates', 'sensitivity']),
    ...(context.options.threads === undefined ? {} : { threads: context.options.threads }),
  }).catch((error: unknown) => {
    if (signal.aborted) context.say(`measurements are kept in ${journal}: the same command goes on from there`);
    throw error;
  });
  if (flags['layersOut'] !== undefined) {
    writeFileSync(flags['layersOut'] as string, `${JSON.stringify(result.rules, undefined, 2)}\n`);
  }
  const { layers, metric, latency: times, rules, warnings } = result;
  const measurements = Object.keys(result.journal).length;
  const took = times ? { latency: times } : {};
  const report = { budget, layers, metric, ...took, measured: log.added, measurements, journal };
  return { budget: bytes, options: { mode: 'weight-only', layers: rules }, warnings, report };
}

/** What --budget found, in a table. */
export function describeBits({ report }: AllottedBits): string {
  const { budget, layers, metric, latency, journal } = report;
  const rows = layers.map(({ layers: ids, candidate, bytes }) => [ids.join(', '), candidate, String(bytes)]);
  const found = `${metric.name} on held-out samples ${metric.before.toPrecision(3)}, repaired ${metric.after.toPrecision(3)}`;
  const ms = (value: number) => `${value.toPrecision(3)} ms`;
  const limits = [
    ...(budget.bytes === undefined ? [] : [`${budget.bytes} bytes`]),
    ...(budget.latency === undefined ? [] : [`${budget.latency} ms`]),
  ];
  return [
    `bits under ${limits.join(' and ')}: ${found}; measurements: ${journal}`,
    ...(latency ? [`a run: ${ms(latency.after)} (at most ${ms(latency.high)}), in float ${ms(latency.before)}`] : []),
    '',
    formatTable(['layer', 'bits', 'bytes'], rows),
  ].join('\n');
}

const refuse = (message: string) => new GossamerError('ERR_OPTION', message);

/** What decides a measurement besides the model and the data. */
function measuringOptions(flags: Flags, isTimed: boolean): Partial<MixedPrecisionOptions> {
  const { clip: how = flags['algorithm'] === 'rtn-clip' } = flags as { clip?: boolean | string };
  const clip = how === 'mse' || how === true;
  if (how === 'octav') throw refuse('--clip: expected mse with --budget, received octav');
  return {
    batchSize: isTimed ? 1 : BATCH,
    clip,
    ...given(flags, ['samples', 'blockSize', 'include', 'exclude', 'optimize']),
  };
}

/** Samples a run: rounded layers are compared on the same batches, so it decides the time alone. One where a run is timed. */
const BATCH = 16;

function given(flags: Flags, names: readonly string[]): Partial<MixedPrecisionOptions> {
  return Object.fromEntries(names.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]));
}
