import { appendFileSync } from 'node:fs';

/** What one kind of fault came to. */
export interface FaultNote {
  readonly what: string;
  /** Calls that could fail, over all scenarios. */
  readonly calls: number;
  readonly faults: number;
  /** Faults that ended in a code; the others were made up for. */
  readonly errors: number;
}

/** For docs/benchmarks/faults.md (tools/fault-report.mjs): adds a line to the file that GOSSAMER_FAULT_NOTES names, if it does. */
export function noteFaults(note: FaultNote): void {
  const path = process.env['GOSSAMER_FAULT_NOTES'];
  if (path !== undefined) appendFileSync(path, `${JSON.stringify(note)}\n`);
}
