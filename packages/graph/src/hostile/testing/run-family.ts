import { spawn } from 'node:child_process';
import { buildSync } from 'esbuild';
import { join } from 'node:path';
import type { CaseResult } from './child-main.js';
import type { HostileFamily } from './hostile-case.js';

/** What a family's process did. */
export interface FamilyRun {
  readonly results: readonly CaseResult[];
  /** Exit code, or the signal that ended it. */
  readonly ended: number | string;
  /** The case it was busy with when it ended. */
  readonly last: string;
}

/** Bundles the child's program into `folder`, since Node reads no TypeScript; returns its path. */
export function bundleChild(folder: string): string {
  const outfile = join(folder, 'child.cjs');
  buildSync({
    entryPoints: [join(__dirname, 'child-main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'error',
    tsconfigRaw: {},
  });
  return outfile;
}

/** Runs every case of a family, in one process or (isolated) in one each; a process is stopped after `timeoutMs`. */
export async function runFamily(child: string, family: HostileFamily, timeoutMs: number): Promise<FamilyRun> {
  if (family.isolated !== true) return runChild([child, family.name], timeoutMs);
  const results: CaseResult[] = [];
  for (let index = 0; index < family.cases.length; index++) {
    const run = await runChild([child, family.name, String(index)], timeoutMs);
    results.push(...run.results);
    if (run.ended !== 0) return { ...run, results };
  }
  return { results, ended: 0, last: '' };
}

async function runChild(command: readonly string[], timeoutMs: number): Promise<FamilyRun> {
  const options = { timeout: timeoutMs, killSignal: 'SIGKILL' as const, stdio: ['ignore', 'pipe', 'pipe'] as const };
  const spawned = spawn(process.execPath, ['--expose-gc', ...command], { ...options, stdio: [...options.stdio] });
  const text = { stdout: '', stderr: '' };
  spawned.stdout!.setEncoding('utf8').on('data', (piece: string) => (text.stdout += piece));
  spawned.stderr!.setEncoding('utf8').on('data', (piece: string) => (text.stderr += piece));
  const ended = await new Promise<number | string>((resolve, reject) => {
    spawned.on('error', reject);
    spawned.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  const lines = text.stdout.split('\n').filter((line) => line !== '');
  const last = text.stderr.trimEnd().split('\n').at(-1) ?? '';
  return { results: lines.map((line) => JSON.parse(line) as CaseResult), ended, last };
}
