import { writeFileSync } from 'node:fs';
import { useTempDir } from '../testing/temp-dir.js';
import type { CaseResult } from './testing/child-main.js';
import { FAMILIES } from './testing/families.js';
import { hostileTable } from './testing/hostile-table.js';
import { bundleChild, runFamily } from './testing/run-family.js';

/** Of one case, making its files not counted; processor time, so that other work on the machine does not matter. */
const MAX_CPU_MS = 2000;
/** Resident memory of the whole process, Node's own 60 MB included. */
const MAX_PEAK_MB = 256;
/** A process that hangs is stopped. */
const TIMEOUT_MS = 50_000;

describe('hostile files', () => {
  const directory = useTempDir();
  const all = new Map<string, readonly CaseResult[]>();

  it.each(FAMILIES.map((family) => [family.name, family] as const))(
    '%s: each ends in its code, within 2 s and 256 MB',
    async (name, family) => {
      const { results, ended, last } = await runFamily(bundleChild(directory()), family, TIMEOUT_MS);
      const modes = family.format === 'safetensors' ? 1 : 2;
      const skipped = family.cases.filter((item) => modes === 2 && item.trusted === undefined).length;
      expect([ended, ended === 0 ? '' : last]).toEqual([0, '']);
      expect(results).toHaveLength(family.cases.length * modes - skipped);
      const line = ({ name: of, trust }: CaseResult, outcome: string) => `${of} (${trust}): ${outcome}`;
      expect(results.map((result) => line(result, result.outcome))).toEqual(
        results.map((result) => line(result, result.expected)),
      );
      const beyond = results.filter(({ cpuMs, peakMb }) => cpuMs > MAX_CPU_MS || peakMb > MAX_PEAK_MB);
      expect(beyond).toEqual([]);
      all.set(name, results);
    },
    // Processor time is what is judged; on a busy machine that takes longer.
    180_000,
  );

  afterAll(() => {
    // For docs/benchmarks: GOSSAMER_HOSTILE_TABLE=<file> npx jest packages/graph/src/hostile
    const path = process.env['GOSSAMER_HOSTILE_TABLE'];
    if (path !== undefined) writeFileSync(path, hostileTable(all));
  });
});
