import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isGossamerError } from '../../errors.js';
import { examineModel, examineSafetensors, examineTfjs, type Step } from './examine.js';
import { FAMILIES } from './families.js';
import type { HostileCase, HostileFamily } from './hostile-case.js';

/** What one case came to, in one trust mode. */
export interface CaseResult {
  readonly name: string;
  readonly trust: 'trusted' | 'untrusted';
  readonly expected: string;
  /** A code, 'ok', or the text of an error that is ours. */
  readonly outcome: string;
  readonly step: Step;
  /** Processor time of this process, all threads. */
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Largest resident memory of this process during the case. */
  readonly peakMb: number;
}

const MIB = 2 ** 20;

/** Makes and examines every case of the family named on the command line, or the one numbered there; a result a line. */
async function main(): Promise<void> {
  const family = FAMILIES.find(({ name }) => name === process.argv[2]);
  if (family === undefined) throw new Error(`no family ${process.argv[2]}`);
  const [only] = process.argv.slice(3).map(Number);
  for (const item of only === undefined ? family.cases : [family.cases[only]!]) {
    for (const trust of family.format === 'safetensors'
      ? (['trusted'] as const)
      : (['trusted', 'untrusted'] as const)) {
      const expected = item[trust];
      if (expected === undefined) continue;
      const folder = mkdtempSync(join(realpathSync(tmpdir()), 'gossamer-hostile-'));
      try {
        process.stdout.write(`${JSON.stringify(await runCase(family, item, expected, trust, folder))}\n`);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
  }
}

async function runCase(
  family: HostileFamily,
  item: HostileCase,
  expected: string,
  trust: 'trusted' | 'untrusted',
  folder: string,
): Promise<CaseResult> {
  const path = item.make(folder);
  // Named before it runs: a case that kills this process is known by the line it did not finish.
  process.stderr.write(`${item.name} (${trust})\n`);
  let step: Step = 'open';
  const onStep = (next: Step) => (step = next);
  resetPeak();
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  const outcome = await outcomeOf(() => {
    if (family.format === 'safetensors') return examineSafetensors(path, onStep);
    if (family.format === 'tfjs') return examineTfjs(path, trust, onStep);
    return examineModel(path, trust, folder, onStep, item);
  });
  const { user, system } = process.cpuUsage(cpu);
  const wallMs = performance.now() - wall;
  return { name: item.name, trust, expected, outcome, step, cpuMs: (user + system) / 1000, wallMs, peakMb: peakMb() };
}

async function outcomeOf(run: () => Promise<void>): Promise<string> {
  try {
    await run();
    return 'ok';
  } catch (error) {
    if (isGossamerError(error)) return error.code;
    return error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 4).join(' | ') : String(error);
  }
}

/** Frees what making the files took and, where the system can, starts the peak from here. */
function resetPeak(): void {
  globalThis.gc?.();
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Elsewhere the peak is that of all cases so far, which only makes the test stricter.
  }
}

function peakMb(): number {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
  } catch {
    return (process.resourceUsage().maxRSS * 1024) / MIB;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
