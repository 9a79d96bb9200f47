import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSuite, SUITES } from './run-suite.js';

describe('runSuite', () => {
  it('names the known suites when asked for another', async () => {
    const names = SUITES.map(({ name }) => name).join(', ');
    await expect(runSuite('nothing')).rejects.toThrow(`suite: expected one of ${names}, received nothing`);
    await expect(runSuite('real-models', { only: ['alexnet'] })).rejects.toMatchObject({ code: 'ERR_SUITE' });
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
