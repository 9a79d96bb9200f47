import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { htmlPage } from '../page/html-page.js';
import type { Environment } from './environment.js';
import { machineLines, verdict } from './describe-run.js';
import type { LoadReport } from './machine-load.js';
import type { Plot } from './plot.js';

/** Rows under a heading. Cells are ready to print. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A promise of this project, and what was measured. */
export interface Claim {
  readonly claim: string;
  readonly measured: string;
  /** False: not met by this run. 'undecided': the interval holds the limit. Undefined: not measured, `measured` says why. */
  readonly holds: boolean | 'undecided' | undefined;
}

/** What a suite found, before it is put on paper. */
export interface SuiteFindings {
  /** One paragraph: what was measured, how, on what. */
  readonly summary: string;
  readonly tables: readonly Table[];
  readonly claims: readonly Claim[];
  /** For the HTML page. Default: none, and no page. */
  readonly plots?: readonly Plot[];
  /** What makes the figures doubtful. Default: nothing known. */
  readonly warnings?: readonly string[];
  /** The figures behind the tables, for programs. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A suite's result as it is stored and printed. */
export interface SuiteResult extends SuiteFindings {
  readonly suite: string;
  /** How to measure it again. */
  readonly command: string;
  readonly seconds: number;
  readonly environment: Environment;
  /** What else the machine did meanwhile. */
  readonly load?: LoadReport;
  readonly markdown: string;
}

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
