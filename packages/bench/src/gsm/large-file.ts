import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openGsm } from '@gossamer/encode';
import { saveModel } from '@gossamer/graph/onnx';
import { runMeasured } from '../harness/run-measured.js';
import type { SuiteContext } from '../harness/suite.js';
import type { PartFindings } from '../harness/suite-of-parts.js';
import { languageModel } from '../large-model/language-model.js';
import { packageFolder } from '../package-folder.js';

/** 131 million parameters: 526 MB in float32. */
const SIZE = { layers: 8, width: 1024, heads: 16, vocabulary: 15_000, context: 64 };
/** What a command may take of resident memory, in MB. */
const MEMORY_MB = 500;

/** A model of half a gigabyte with external data, stored and restored by the command line. */
export async function largeFile({ scratch, say, signal }: SuiteContext): Promise<PartFindings> {
  const [original, gsm, again] = ['original', 'stored', 'again'].map((name) => join(scratch, name));
  for (const folder of [original, gsm, again]) mkdirSync(folder!);
  say('writing the model');
  await saveModel(languageModel(SIZE), join(original!, 'model.onnx'), { fsync: false, externalData: 'always', signal });
  const file = join(gsm!, 'model.gsm');
  const command = async (...args: string[]) => {
    say(args[0]!);
    const main = join(packageFolder('gossamer'), 'dist', 'main.js');
    return { name: args[0]!, ...(await runMeasured(process.execPath, [main, ...args, '--quiet'], { signal })) };
  };
  const runs = [
    await command('encode', join(original!, 'model.onnx'), '-o', file),
    await command('decode', file, '-o', join(again!, 'model.onnx')),
  ];
  const opened = openGsm(file);
  const largest = opened.tensors.reduce((a, b) => (b.byteLength > a.byteLength ? b : a));
  const start = performance.now();
  opened.read(opened.tensors.indexOf(largest));
  const milliseconds = performance.now() - start;
  const [before, after] = [folderBytes(original!), statSync(file).size];
  const isEqual = areEqual(original!, again!);
  const peaks = runs.map(({ peakRssMb }) => peakRssMb);
  return {
    claims: [
      { claim: 'half a gigabyte comes back byte for byte', measured: isEqual ? 'equal' : 'apart', holds: isEqual },
      {
        claim: `each command stays below ${MEMORY_MB} MB of resident memory`,
        measured: runs.map(({ name, peakRssMb }) => `${name} ${peakRssMb?.toFixed(0) ?? 'unknown'} MB`).join(', '),
        holds: peaks.every((peak) => peak !== undefined) ? peaks.every((peak) => peak! < MEMORY_MB) : undefined,
      },
    ],
    tables: [
      {
        title: `A model of ${(before / 1e6).toFixed(0)} MB`,
        columns: ['command', 's', 'CPU s', 'peak MB', 'bytes written'],
        rows: [
          ...runs.map(({ name, wallSeconds, cpuSeconds, peakRssMb }, i) => [
            ...[name, wallSeconds.toFixed(1), cpuSeconds?.toFixed(1) ?? '', peakRssMb?.toFixed(0) ?? ''],
            String(i === 0 ? after : before),
          ]),
          [
            `one tensor of ${(largest.byteLength / 1e6).toFixed(0)} MB alone`,
            (milliseconds / 1e3).toFixed(2),
            '',
            '',
            '',
          ],
        ],
      },
    ],
    data: {
      large: { size: SIZE, before, after, isEqual, milliseconds, runs: runs.map(({ stdout: _, ...run }) => run) },
    },
  };
}

const folderBytes = (folder: string): number =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

const areEqual = (a: string, b: string): boolean =>
  readdirSync(a).every((name) => readFileSync(join(a, name)).equals(readFileSync(join(b, name))));
