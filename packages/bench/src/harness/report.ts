import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { htmlPage } from '../page/html-page.js';
import { machineLines, verdict } from './describe-run.js';
import type { SuiteResult } from './suite-result.js';

/** Writes SUITE.json, SUITE.md and, where there are plots, SUITE.html into `folder`, which is made when missing. */
export function writeReport(result: SuiteResult, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const { markdown, plots, ...rest } = result;
  writeFileSync(
    join(folder, `${result.suite}.json`),
    `${JSON.stringify({ schemaVersion: 1, ...rest }, undefined, 2)}\n`,
  );
  writeFileSync(join(folder, `${result.suite}.md`), markdown);
  if (plots) writeFileSync(join(folder, `${result.suite}.html`), htmlPage(result));
}

/** The page of a result: what, on what machine, warnings, claims, tables, the command. */
export function toMarkdown(result: Omit<SuiteResult, 'markdown'>): string {
  const { claims, tables, warnings = [] } = result;
  const sections = [
    `# ${result.suite}`,
    result.summary,
    ['```sh', result.command, '```'].join('\n'),
    machineLines(result)
      .map((line) => `- ${line}`)
      .join('\n'),
    ...(warnings.length > 0 ? [warnings.map((line) => `- **warning**: ${line}`).join('\n')] : []),
  ];
  if (claims.length > 0) {
    const rows = claims.map(({ claim, measured, holds }) => [claim, measured, verdict(holds)]);
    sections.push('## Claims', markdownTable(['claim', 'measured', ''], rows));
  }
  for (const { title, columns, rows } of tables) sections.push(`## ${title}`, markdownTable(columns, rows));
  return `${sections.join('\n\n')}\n`;
}

/** Columns padded to a common width, as prettier lays tables out. */
export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [columns, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = columns.map((_, i) => Math.max(3, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n');
}
