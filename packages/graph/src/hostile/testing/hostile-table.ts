import type { CaseResult } from './child-main.js';

const escape = (text: string): string => text.replaceAll('|', '\\|');

/** The results as Markdown: a table of the families, then one of the cases of each. */
export function hostileTable(families: ReadonlyMap<string, readonly CaseResult[]>): string {
  const lines = ['| family | cases | slowest, ms of processor time | largest, MB |', '| --- | --- | --- | --- |'];
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
