import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaseResult } from './cases/case-result.js';
import { compareFiles } from './compare/compare-files.js';
import { runSuite, SUITES } from './run-suite.js';

describe('runSuite', () => {
  it('names the known suites when asked for another', async () => {
    const names = [...SUITES.map(({ name }) => name), 'compression'].join(', ');
    await expect(runSuite('nothing')).rejects.toThrow(`suite: expected one of ${names}, received nothing`);
    await expect(runSuite('real-models', { only: ['alexnet'] })).rejects.toMatchObject({ code: 'ERR_SUITE' });
  });

  it('measures a case in a process of its own, keeps it, and resumes with it', async () => {
    const out = mkdtempSync(join(tmpdir(), 'gossamer-suite-'));
    try {
      const options = { out, filter: ['quantized 1x1024x1024'], engines: ['ort', 'ort'], threads: [1] } as const;
      const { data, plots, markdown } = await runSuite('quick', options);
      const [found] = data['cases'] as CaseResult[];
      expect(found).toMatchObject({ id: 'quantized 1x1024x1024 @1', threads: 1, difference: { relative: 0 } });
      expect(plots!.map(({ groups }) => groups.length)).toEqual([1, 1]);
      expect(markdown).toContain('| quantized 1x1024x1024');
      expect(readFileSync(join(out, 'quick.html'), 'utf8')).toContain('<svg');
      const lines: string[] = [];
      const again = await runSuite('quick', { ...options, resume: true, say: (line) => lines.push(line) });
      expect(again.data['cases']).toEqual(JSON.parse(JSON.stringify([found])));
      expect(lines.at(-1)).toMatch(/^kept quantized/);
      const { cases } = compareFiles(join(out, 'quick.json'), join(out, 'quick.json'));
      expect(cases).toMatchObject([{ time: { ratio: 1 }, besidePeer: { ratio: 1 }, significant: false }]);
    } finally {
      rmSync(out, { recursive: true });
    }
  });

  it('says what it was asked wrongly, and stops when told', async () => {
    await expect(runSuite('quick', { filter: ['nothing'] })).rejects.toMatchObject({ code: 'ERR_SUITE' });
    await expect(runSuite('quick', { resume: true })).rejects.toMatchObject({ code: 'ERR_OPTION' });
    await expect(runSuite('quick', { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });

  it('runs the round trip, holds its claims, and writes the page', async () => {
    const out = mkdtempSync(join(tmpdir(), 'gossamer-suite-'));
    try {
      const lines: string[] = [];
      const result = await runSuite('round-trip', { out, say: (line) => lines.push(line) });
      expect(result.claims.map(({ measured, holds }) => [measured, holds])).toEqual([
        ['915 of 915', true],
        ['19 of 19', true],
      ]);
      expect(lines).toEqual(['915 node-test models']);
      expect(readFileSync(join(out, 'round-trip.md'), 'utf8')).toBe(result.markdown);
      expect(existsSync(join(out, 'round-trip.json'))).toBe(true);
    } finally {
      rmSync(out, { recursive: true });
    }
  });
});
