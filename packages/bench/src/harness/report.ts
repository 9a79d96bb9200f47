import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './environment.js';

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
  /** False: not met by this run. Undefined: not measured, `measured` says why. */
  readonly holds: boolean | undefined;
}

/** What a suite found, before it is put on paper. */
export interface SuiteFindings {
  /** One paragraph: what was measured, how, on what. */
  readonly summary: string;
  readonly tables: readonly Table[];
  readonly claims: readonly Claim[];
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
  readonly markdown: string;
}

/** Writes SUITE.json and SUITE.md into `folder`, which is made when missing. */
export function writeReport(result: SuiteResult, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const { markdown, ...rest } = result;
  writeFileSync(
    join(folder, `${result.suite}.json`),
    `${JSON.stringify({ schemaVersion: 1, ...rest }, undefined, 2)}\n`,
  );
  writeFileSync(join(folder, `${result.suite}.md`), markdown);
}

/** The page of a result: what, on what machine, claims, tables, the command. */
export function toMarkdown(result: Omit<SuiteResult, 'markdown'>): string {
  const { environment: e, claims, tables } = result;
  const machine = [
    `${e.cpu}, ${e.cores} cores (${[...e.cpuFlags].join(' ') || 'flags unknown'}; kernels: ${e.isa}), ${e.memoryGb} GB`,
    `${e.system}, Node ${e.node}, onnxruntime-node ${e.onnxruntime}`,
    `commit ${e.commit}, ${e.measuredAt}, load at start ${e.loadAtStart}, ${result.seconds.toFixed(0)} s`,
  ];
  const sections = [
    `# ${result.suite}`,
    result.summary,
    ['```sh', result.command, '```'].join('\n'),
    machine.map((line) => `- ${line}`).join('\n'),
  ];
  if (claims.length > 0) {
    const rows = claims.map(({ claim, measured, holds }) => [claim, measured, verdict(holds)]);
    sections.push('## Claims', markdownTable(['claim', 'measured', ''], rows));
  }
  for (const { title, columns, rows } of tables) sections.push(`## ${title}`, markdownTable(columns, rows));
  return `${sections.join('\n\n')}\n`;
}

function verdict(holds: boolean | undefined): string {
  return holds === undefined ? 'not measured' : holds ? 'holds' : '**does not hold**';
}

/** Columns padded to a common width, as prettier lays tables out. */
function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [columns, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = columns.map((_, i) => Math.max(3, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n');
}
