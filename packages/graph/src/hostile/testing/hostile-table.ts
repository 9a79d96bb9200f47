import { arch, cpus, loadavg, platform } from 'node:os';
import type { CaseResult } from './child-main.js';

const escape = (text: string): string => text.replaceAll('|', '\\|');

/** What the page says before its tables. */
function introduction(): string[] {
  const [cpu] = cpus();
  return [
    '# hostile',
    '',
    'Files made to harm their reader, the same ones at every run. Each is opened, read, written back byte for byte, analysed, folded and, where',
    'it has no inputs, run, in both trust modes (the largest untrusted only). TF.js models are opened, read and analysed. It must end in the code that is named here, or `ok`, within 2 s of processor time and',
    '256 MB of resident memory (of the whole process, Node included). "Found on" is the step that refused it.',
    '',
    'Besides these, made by hand: every prefix of 30 models, every flipped bit of 5, 21,500 mutations and generated messages at every run of the',
    'tests; [coverage-guided fuzzing](fuzzing-readers.md) of the readers and [of the native code](fuzzing-native.md), whose corpora the tests read',
    'again; and [every call failing in turn](faults.md).',
    '',
    '```sh',
    'GOSSAMER_HOSTILE_TABLE=docs/benchmarks/hostile.md npx jest packages/graph/src/hostile/hostile.spec.ts',
    '```',
    '',
    `- ${cpu?.model ?? 'unknown'}, ${cpus().length} cores; ${platform()} ${arch()}, Node ${process.version}`,
    `- ${new Date().toISOString()}, load at the end ${loadavg()[0]!.toFixed(2)}`,
    '',
  ];
}

/** The results as Markdown: a table of the families, then one of the cases of each. */
export function hostileTable(families: ReadonlyMap<string, readonly CaseResult[]>): string {
  const lines = [
    ...introduction(),
    '| family | cases | slowest, ms of processor time | largest, MB |',
    '| --- | --- | --- | --- |',
  ];
  for (const [name, results] of families) {
    const slowest = Math.max(...results.map(({ cpuMs }) => cpuMs));
    const largest = Math.max(...results.map(({ peakMb }) => peakMb));
    lines.push(`| ${name} | ${results.length} | ${slowest.toFixed(0)} | ${largest.toFixed(0)} |`);
  }
  for (const [name, results] of families) {
    lines.push(
      '',
      `## ${name}`,
      '',
      '| case | trust | outcome | found on | ms | MB |',
      '| --- | --- | --- | --- | --- | --- |',
    );
    for (const { name: of, trust, outcome, step, cpuMs, peakMb } of results) {
      const found = step === 'written' ? '' : step;
      lines.push(`| ${escape(of)} | ${trust} | ${outcome} | ${found} | ${cpuMs.toFixed(0)} | ${peakMb.toFixed(0)} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}
