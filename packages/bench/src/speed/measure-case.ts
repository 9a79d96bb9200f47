import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '@gossamer/graph/onnx';
import { type Feeds, median, modelInputs, openData, verify } from '@gossamer/runtime';
import { pairedLatency, type PairedLatency } from '../harness/paired-latency.js';
import { runPeer } from '../harness/peer.js';
import { runMeasured } from '../harness/run-measured.js';
import type { SuiteContext } from '../harness/suite.js';
import { writeSamples } from '../harness/write-npy.js';
import { writeNpz } from '../harness/write-npz.js';
import { packageFolder } from '../package-folder.js';

/** One way to quantize, in the words of both tools. */
export interface SpeedCase {
  readonly name: string;
  /** Options of `gossamer quantize`. */
  readonly ours: readonly string[];
  /** Mode and options of `peers/quantize.py`. */
  readonly peer: readonly [string, ...string[]];
  readonly needsData: boolean;
}

/** One model with its cases. */
export interface SpeedModel {
  readonly name: string;
  readonly path: string;
  /** A Python with onnxruntime; undefined: the peer is not measured. */
  readonly python: string | undefined;
  readonly cases: readonly SpeedCase[];
  /** Calibration samples, random. Default 32. */
  readonly samples?: number;
  /** Times each tool is run; the two take turns. Default 3. */
  readonly rounds?: number;
}

/** What making a file cost (medians), and the file. */
export interface Made {
  /** Of the whole process: start, imports, work. */
  readonly seconds: number;
  /** Of the work alone, by the tool's own clock. */
  readonly workSeconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  readonly bytes: number;
  readonly fusedKernels: Readonly<Record<string, number>>;
}

export interface SpeedResult {
  readonly model: string;
  readonly mode: string;
  readonly ours: Made;
  readonly peer?: Made;
  /** What our gate costs on top. */
  readonly gate: { readonly seconds: number; readonly peakRssMb: number };
  /** Signal-to-noise ratio of the outputs beside the float model's, on samples of the gate's own, in dB. */
  readonly sqnrDb: { readonly ours: number | undefined; readonly peer: number | undefined };
  /** Latency of the peer's file over ours: above 1, ours is faster. */
  readonly toPeer?: PairedLatency;
  /** Latency of the float model over ours. */
  readonly toFloat: PairedLatency;
}

/** Pairs of timings behind each latency ratio. */
const pairs = 60;

/** Runs every case of a model with both tools. */
export async function measureCase(model: SpeedModel, context: SuiteContext): Promise<SpeedResult[]> {
  const { scratch, say, signal } = context;
  const { name, path, python, samples: count = 32, rounds = 3 } = model;
  const prepared = join(scratch, 'prepared.onnx');
  if (python !== undefined) {
    say(`${name}: quant_pre_process`);
    await runPeer(python, ['preprocess', path, prepared], { signal });
  }
  const samples = await writeCalibration(path, scratch, count);
  const results: SpeedResult[] = [];
  for (const speedCase of model.cases) {
    const ours = join(scratch, 'ours.onnx');
    const theirs = join(scratch, 'theirs.onnx');
    const costs = { ours: [] as Cost[], peer: [] as Cost[] };
    for (let round = 0; round < rounds; round++) {
      say(`${name}, ${speedCase.name}: round ${round + 1} of ${rounds}`);
      costs.ours.push(await runOurs(path, ours, speedCase, samples, signal));
      if (python !== undefined) costs.peer.push(await runTheirs(python, prepared, theirs, speedCase, samples, signal));
    }
    say(`${name}, ${speedCase.name}: the results`);
    const gate = await verify(ours, { reference: path, signal });
    const theirGate = python === undefined ? undefined : await verify(theirs, { reference: path, signal });
    const peer = python === undefined ? undefined : await summarise(costs.peer, theirs, signal);
    results.push({
      model: name,
      mode: speedCase.name,
      ours: await summarise(costs.ours, ours, signal),
      gate: { seconds: gate.seconds, peakRssMb: gate.peakRssMb },
      sqnrDb: { ours: gate.sqnrDb, peer: theirGate?.sqnrDb },
      ...(peer ? { peer, toPeer: await pairedLatency(theirs, ours, samples.first, { pairs, signal }) } : {}),
      toFloat: await pairedLatency(path, ours, samples.first, { pairs, signal }),
    });
  }
  return results;
}

interface Cost {
  readonly seconds: number;
  readonly workSeconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

/** The whole command in a fresh process, measured from outside; where /proc is missing, as the command says itself. */
async function runOurs(
  path: string,
  out: string,
  { ours, needsData }: SpeedCase,
  { npz, count }: Samples,
  signal: AbortSignal,
): Promise<Cost> {
  const data = needsData ? ['--data', `npz:${npz}`, '--samples', String(count)] : [];
  const main = join(packageFolder('gossamer'), 'dist', 'main.js');
  const args = [
    main,
    'quantize',
    path,
    '-o',
    out,
    ...ours,
    ...data,
    '--verify',
    'none',
    '--json',
    '--quiet',
    '--force',
  ];
  const { wallSeconds, cpuSeconds, peakRssMb, stdout } = await runMeasured(process.execPath, args, { signal });
  const { cost } = JSON.parse(stdout) as { cost: { makeSeconds: number; peakRssMb: number } };
  return {
    seconds: wallSeconds,
    workSeconds: cost.makeSeconds,
    cpuSeconds: cpuSeconds ?? NaN,
    peakRssMb: Math.max(peakRssMb ?? 0, cost.peakRssMb),
  };
}

/** The peer in a fresh process. Its own clock starts after its imports. */
async function runTheirs(
  python: string,
  path: string,
  out: string,
  { peer: [mode, ...options], needsData }: SpeedCase,
  { folder }: Samples,
  signal: AbortSignal,
): Promise<Cost> {
  const data = needsData ? ['--calibration', folder] : [];
  const run = await runPeer(python, [mode, path, out, ...options, ...data], { signal });
  return {
    seconds: run.processSeconds,
    workSeconds: run.seconds,
    cpuSeconds: run.processCpuSeconds,
    peakRssMb: run.peakRssMb,
  };
}

async function summarise(costs: readonly Cost[], path: string, signal: AbortSignal): Promise<Made> {
  const middle = (key: keyof Cost) => median(costs.map((cost) => cost[key]));
  const { fusedKernels, loads, error } = await verify(path, { level: 'load', signal });
  if (!loads) throw new Error(`${path}: expected a file that loads, received ${error?.message}`);
  return {
    seconds: middle('seconds'),
    workSeconds: middle('workSeconds'),
    cpuSeconds: middle('cpuSeconds'),
    peakRssMb: middle('peakRssMb'),
    bytes: statSync(path).size,
    fusedKernels,
  };
}

/** The same calibration samples in the form each tool reads, and the first of them. */
interface Samples {
  readonly count: number;
  readonly npz: string;
  readonly folder: string;
  readonly first: Feeds;
}

async function writeCalibration(path: string, scratch: string, count: number): Promise<Samples> {
  const inputs = modelInputs(await loadModel(path));
  const data = await openData(`random:${count}`);
  const folder = join(scratch, 'samples');
  mkdirSync(folder, { recursive: true });
  await writeSamples(data, inputs, folder, count);
  const npz = join(scratch, 'samples.npz');
  for await (const { feeds } of data.batches({ inputs, batchSize: count })) writeNpz(npz, feeds);
  for await (const { feeds } of data.batches({ inputs })) return { count, npz, folder, first: feeds };
  throw new Error('random: no sample');
}
