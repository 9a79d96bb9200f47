import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { saveModel } from '@gossamer/graph/onnx';
import { runMeasured } from '../harness/run-measured.js';
import type { SuiteFindings } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { languageModel } from '../large-model/language-model.js';
import { packageFolder } from '../package-folder.js';

/** 1.31 billion parameters: 5.2 GB in float32. */
const size = { layers: 24, width: 2048, heads: 16, vocabulary: 25_000, context: 64 };
/** What a command may take of resident memory, in MB. */
const memoryLimitMb = 1500;

/** One command on the large model, in a process of its own. */
interface Step {
  readonly name: string;
  readonly args: readonly string[];
}

/** What a step cost, and how large its file is. */
interface StepResult {
  readonly name: string;
  readonly seconds: number;
  readonly cpuSeconds: number | undefined;
  readonly peakRssMb: number | undefined;
  readonly bytes: number;
  readonly verification:
    { readonly sqnrDb?: number; readonly seconds?: number; readonly peakRssMb?: number } | undefined;
}

/** A model of 5 GB with external data, optimised and quantised to 4 bits in little memory. */
export const largeModel: Suite = {
  name: 'large-model',
  isTimed: true,
  about: 'optimises and 4-bit quantises a language model of 5 GB with external data: memory and time',
  run: measure,
};

async function measure(context: SuiteContext): Promise<SuiteFindings> {
  const { scratch, say, signal } = context;
  const input = join(scratch, 'large.onnx');
  say('writing the model');
  await saveModel(languageModel(size), input, { fsync: false, externalData: 'always', signal });
  const optimized = join(scratch, 'optimized.onnx');
  const bits = ['--mode', 'weight-only', '--bits', '4', '--block-size', '32'];
  const steps: readonly Step[] = [
    { name: 'inspect', args: ['inspect', input] },
    { name: 'optimize', args: ['optimize', input, '-o', optimized, '--verify', 'none'] },
    { name: '4-bit', args: ['quantize', optimized, '-o', join(scratch, 'q4.onnx'), ...bits, '--verify', 'none'] },
    { name: '4-bit, outputs compared', args: ['quantize', optimized, '-o', join(scratch, 'q4-proved.onnx'), ...bits] },
  ];
  const bytes = await folderBytes(scratch);
  const results: StepResult[] = [];
  for (const step of steps) {
    say(step.name);
    results.push(await runStep(step, scratch, signal));
  }
  return {
    summary: [
      `A causal language model in the form exporters write, ${size.layers} layers of width ${size.width}, random weights, ${bytes} bytes with its external data.`,
      'Each command runs in a fresh process; memory is the highest resident set of that process, Node included. The gate opens the files in ONNX Runtime in',
      'another process, whose memory (both whole models, the float one too) stands in its own column.',
    ].join('\n'),
    claims: claims(bytes, results),
    tables: [table(results)],
    data: { size, bytes, results },
  };
}

async function runStep({ name, args }: Step, scratch: string, signal: AbortSignal): Promise<StepResult> {
  const before = await folderBytes(scratch);
  const main = join(packageFolder('gossamer'), 'dist', 'main.js');
  const run = await runMeasured(process.execPath, [main, ...args, '--json', '--quiet'], { signal });
  const { verification } = JSON.parse(run.stdout) as { verification?: StepResult['verification'] };
  const { wallSeconds: seconds, cpuSeconds, peakRssMb } = run;
  return { name, seconds, cpuSeconds, peakRssMb, bytes: (await folderBytes(scratch)) - before, verification };
}

async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder);
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

function claims(bytes: number, results: readonly StepResult[]) {
  const memory = results.map(({ name, peakRssMb }) => `${name} ${peakRssMb?.toFixed(0) ?? 'unknown'}`).join(', ');
  const isKnown = results.every(({ peakRssMb }) => peakRssMb !== undefined);
  const small = results.every(({ peakRssMb = Infinity }) => peakRssMb < memoryLimitMb);
  return [
    { claim: 'the model has 5 GB or more', measured: `${(bytes / 1e9).toFixed(2)} GB`, holds: bytes >= 5e9 },
    {
      claim: `each command stays below ${memoryLimitMb} MB of resident memory`,
      measured: `${memory} MB`,
      holds: isKnown ? small : undefined,
    },
  ];
}

function table(results: readonly StepResult[]) {
  const number = (value: number | undefined, digits = 0) => value?.toFixed(digits) ?? '';
  return {
    title: 'Commands',
    columns: ['command', 's', 'CPU s', 'peak MB', 'bytes written', 'gate s', 'gate peak MB', 'SQNR dB'],
    rows: results.map(({ name, seconds, cpuSeconds, peakRssMb, bytes, verification }) => [
      name,
      number(seconds, 1),
      number(cpuSeconds, 1),
      number(peakRssMb),
      String(bytes),
      number(verification?.seconds, 1),
      number(verification?.peakRssMb),
      number(verification?.sqnrDb, 1),
    ]),
  };
}
