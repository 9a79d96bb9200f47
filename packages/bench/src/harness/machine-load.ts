import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { quantile } from '@gossamer/runtime';

/** What else the machine was doing at one moment. */
export interface LoadSnapshot {
  /** One-minute load average. */
  readonly load: number;
  /** Processor time in ticks since the machine started, over all cores; undefined where /proc is missing. */
  readonly ticks: { readonly total: number; readonly idle: number; readonly steal: number } | undefined;
}

/** What else the machine did between two moments. */
export interface LoadReport {
  readonly loadBefore: number;
  readonly loadAfter: number;
  /** Share of processor time that the hypervisor gave to others; undefined where /proc is missing. */
  readonly stealShare: number | undefined;
}

/** Load average per core above which a warning is due. */
const BUSY_LOAD = 0.5;
const BUSY_STEAL = 0.02;
/** A loop in registers, of which no two runs should differ by more. */
const BUSY_SPREAD = 0.15;

/** Looks at the machine. */
export function loadSnapshot(): LoadSnapshot {
  return { load: Number(loadavg()[0]!.toFixed(2)), ticks: readTicks() };
}

/** What happened from `before` on. */
export function loadSince(before: LoadSnapshot): LoadReport {
  const now = loadSnapshot();
  const total = now.ticks && before.ticks ? now.ticks.total - before.ticks.total : 0;
  const stealShare = total > 0 ? (now.ticks!.steal - before.ticks!.steal) / total : undefined;
  return {
    loadBefore: before.load,
    loadAfter: now.load,
    stealShare: stealShare === undefined ? undefined : Number(stealShare.toFixed(4)),
  };
}

/** What makes figures doubtful before anything of ours has run; undefined: nothing. */
export function busyWarning({ load }: LoadSnapshot, cores = availableParallelism()): string | undefined {
  if (load <= BUSY_LOAD * cores) return undefined;
  return `the machine is busy: a load of ${load.toFixed(2)} on ${cores} cores before the start; expect wide intervals`;
}

/** What makes a case doubtful: time stolen, or a loop in registers whose speed (work per second, one a pair) varied. */
export function noiseWarnings({ stealShare }: LoadReport, referenceRates: readonly number[]): string[] {
  const warnings: string[] = [];
  if (stealShare !== undefined && stealShare > BUSY_STEAL) {
    warnings.push(`${(stealShare * 100).toFixed(0)} % of processor time went to other guests of the host`);
  }
  const spread = referenceSpread(referenceRates);
  if (spread > BUSY_SPREAD) warnings.push(`the speed of a loop in registers varied by ${(spread * 100).toFixed(0)} %`);
  return warnings;
}

/** (90th - 10th percentile) / median of the rates; 0 for fewer than three. */
export function referenceSpread(rates: readonly number[]): number {
  if (rates.length < 3) return 0;
  const sorted = Float64Array.from(rates).sort();
  return (quantile(sorted, 0.9) - quantile(sorted, 0.1)) / quantile(sorted, 0.5);
}

/** The first line of /proc/stat: user nice system idle iowait irq softirq steal. */
function readTicks(): LoadSnapshot['ticks'] {
  try {
    const line = readFileSync('/proc/stat', 'latin1').match(/^cpu\s+(.*)$/m)?.[1];
    if (line === undefined) return undefined;
    const fields = line.trim().split(/\s+/).slice(0, 8).map(Number);
    return {
      total: fields.reduce((sum, value) => sum + value, 0),
      idle: fields[3]! + fields[4]!,
      steal: fields[7] ?? 0,
    };
  } catch {
    return undefined;
  }
}
