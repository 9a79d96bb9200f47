import { existsSync, realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type DType, GossamerError, type Tensor } from '@gossamer/graph';
import {
  bootstrapMedian,
  defaultThreads,
  type EngineReport,
  type Latency,
  measureLatency,
  type OperatorTime,
  type Outputs,
  peakRssMb,
  type Requantization,
  saveArrays,
} from '@gossamer/runtime';
import { checkBindings } from './check-bindings.js';
import { engineWarnings } from './engine-warnings.js';
import { type ModelInput, type OnnxModel, toModel } from './onnx-model.js';
import { openSession } from './open-session.js';
import type { WorkOptions } from './progress.js';
import { inputFile, type RunInput, runInputs, type RunInputsOptions } from './run-inputs.js';
import { assertWritable } from './assert-writable.js';

export interface RunModelOptions extends WorkOptions, RunInputsOptions {
  /** Default 'ort'. */
  readonly engine?: string;
  readonly threads?: number;
  /** How the sums of integer layers become codes (engines native and auto). Default 'float'. */
  readonly requantize?: Requantization;
  /** Names of outputs to compute. Default: all. */
  readonly outputs?: readonly string[];
  /** Where they are written: .npz, or .npy for one of them. Default: nowhere. */
  readonly output?: string;
  /** Replace an existing file; default false. */
  readonly force?: boolean;
  /** Timed runs after the first. Default 0. */
  readonly runs?: number;
  /** Measure every operator over those runs (engines 'native' and 'auto'). Default false. */
  readonly profile?: boolean;
}

/** An array that went in or came out. */
export interface RunPort {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
}

export interface RunModelResult {
  readonly engine: string;
  readonly threads: number;
  /** `from`: the file, or 'random'. */
  readonly inputs: readonly (RunPort & { readonly from: string })[];
  readonly outputs: readonly RunPort[];
  /** The results by output name. */
  readonly tensors: Outputs;
  /** Opening the model, and its first run, in milliseconds. */
  readonly openMs: number;
  readonly firstMs: number;
  /** Of the runs after the first; low and high: 95 % bootstrap interval of the median. */
  readonly latencyMs?: Pick<Latency, 'runs' | 'median' | 'min'> & { readonly low: number; readonly high: number };
  /** Which engine runs how many nodes, in order (engine 'auto' only), and which the native engine lacks, by name. */
  readonly split?: readonly { readonly engine: string; readonly nodes: number }[];
  readonly lacking?: EngineReport['reasons'];
  /** Milliseconds of a run by operator, in order. */
  readonly profile?: readonly OperatorTime[];
  readonly peakRssMb: number;
  readonly warnings: readonly string[];
}

/** Runs a model once, or some more times for the clock; outputs are those of the first run, and are written last of all. */
export async function runModel(input: ModelInput, options: RunModelOptions = {}): Promise<RunModelResult> {
  const model = await toModel(input);
  checkBindings(model.ir, options.bind ?? {});
  const names = outputNames(model, options.outputs);
  if (options.output !== undefined) assertPlace(model, options.output, names.length, options);
  const threads = options.threads ?? defaultThreads() ?? availableParallelism();
  const opening = performance.now();
  const session = await openSession(model, { ...options, threads });
  try {
    const openMs = performance.now() - opening;
    if (options.profile === true) session.profile(true);
    const fed = await runInputs(session, options);
    const feeds = Object.fromEntries(Object.entries(fed).map(([name, { tensor }]) => [name, tensor]));
    const request = { outputs: names, ...(options.signal ? { signal: options.signal } : {}) };
    const start = performance.now();
    options.onProgress?.({ stage: 'run', done: 0, total: undefined });
    const tensors = await session.run(feeds, request);
    const firstMs = performance.now() - start;
    const runs = options.runs ?? 0;
    if (options.profile === true && runs > 0) session.profile(true);
    const latency =
      runs > 0
        ? await measureLatency(session, feeds, {
            ...{ runs, warmup: 0, minSeconds: 0, ...request },
          })
        : undefined;
    const times = options.profile === true ? session.profile(false) : undefined;
    if (options.output !== undefined) await saveOutputs(options.output, tensors, options);
    const { report } = session;
    return {
      ...{ engine: session.engine, threads, openMs, firstMs },
      inputs: Object.entries(fed).map(([name, { tensor, from }]: [string, RunInput]) => ({
        ...port(name, tensor),
        from,
      })),
      outputs: Object.entries(tensors).map(([name, tensor]) => port(name, tensor)),
      tensors,
      ...(latency ? { latencyMs: interval(latency, options.seed ?? 0) } : {}),
      ...(report
        ? {
            split: report.segments.map(({ engine, nodes }) => ({ engine, nodes: nodes.length })),
            lacking: report.reasons,
          }
        : {}),
      ...(times
        ? { profile: times.map((time) => ({ ...time, milliseconds: time.milliseconds / Math.max(1, runs) })) }
        : {}),
      peakRssMb: peakRssMb(),
      warnings: engineWarnings(session),
    };
  } finally {
    await session.dispose();
  }
}

const port = (name: string, { dtype, dims }: Tensor): RunPort => ({ name, dtype, dims });

function interval(latency: Latency, seed: number): NonNullable<RunModelResult['latencyMs']> {
  const { runs, median, min, samples } = latency;
  return { runs, median, min, ...bootstrapMedian(samples, seed) };
}

function outputNames({ ir }: OnnxModel, wanted: readonly string[] | undefined): readonly string[] {
  const all = [...new Set(ir.graph.outputs.map(({ name }) => name))];
  const stranger = wanted?.find((name) => !all.includes(name));
  if (stranger === undefined) return wanted ?? all;
  throw new GossamerError('ERR_OPTION', `outputs: expected some of ${all.join(', ')}, received ${stranger}`);
}

/** Throws before any work is done when the outputs could not be written anyway. */
function assertPlace(model: OnnxModel, output: string, count: number, options: RunModelOptions): void {
  assertWritable(model, output, options.force ?? false);
  if (!/\.np[yz]$/.test(output)) {
    throw new GossamerError('ERR_OPTION', `output: expected a path that ends in .npz or .npy, received ${output}`);
  }
  if (output.endsWith('.npy') && count !== 1) {
    throw new GossamerError('ERR_OPTION', `output: expected .npz for ${count} outputs, received ${output}`);
  }
  for (const { path } of (options.inputs ?? []).map(inputFile)) {
    if (!existsSync(output) || !existsSync(path) || realpathSync(path) !== realpathSync(output)) continue;
    throw new GossamerError('ERR_OUTPUT_PATH', `output: expected another file than the inputs, received ${output}`);
  }
}

/** In an .npz names are paths of an archive: those that would lead out of it are spelled with _, as readers demand. */
async function saveOutputs(path: string, tensors: Outputs, { signal }: RunModelOptions): Promise<void> {
  const arrays: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    let key = name.replaceAll('\\', '_').replace(/^\/|(?<=^|\/)\.\.(?=\/|$)|^[A-Za-z]:(?=\/)/g, '_');
    while (Object.hasOwn(arrays, key)) key = `${key}_`;
    arrays[key] = tensor;
  }
  await saveArrays(path, arrays, signal ? { signal } : {});
}
