import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaseOutcome } from '../cases/case-result.js';
import { exampleResult } from '../cases/testing/example-result.js';
import { environment } from '../harness/environment.js';
import { compareCase, compareFiles } from './compare-files.js';

const narrow = (ratio: number) => ({ ratio, low: ratio * 0.99, high: ratio * 1.01 });

describe('compareCase', () => {
  it('calls a change significant when its interval leaves out 1 and it is large enough to mean something', () => {
    const significant = (before: number, after: number) =>
      compareCase(exampleResult('x', narrow(before)), exampleResult('x', narrow(after))).significant;
    expect(significant(2, 2.2)).toBe(true);
    expect(significant(2, 1.8)).toBe(true);
    expect(significant(2, 2.01)).toBe(false);
    expect(significant(2, 2.05)).toBe(false);
    const wide = { ratio: 2.2, low: 1.5, high: 3 };
    expect(compareCase(exampleResult('x', narrow(2)), exampleResult('x', wide)).significant).toBe(false);
  });

  it('is above 1 where the second is faster, in time and beside the peer', () => {
    const { time, besidePeer } = compareCase(exampleResult('x', narrow(1)), exampleResult('x', narrow(2)));
    expect(time.ratio).toBeCloseTo(2);
    expect(besidePeer.ratio).toBeCloseTo(2);
    expect(besidePeer.low).toBeLessThan(2);
  });
});

describe('compareFiles', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-compare-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, cases: CaseOutcome[], more: object = {}) => {
    const file = join(folder, name);
    const document = { schemaVersion: 1, suite: 'kernels', environment: environment(), data: { cases }, ...more };
    writeFileSync(file, JSON.stringify(document));
    return file;
  };

  it('pairs cases, lists those of one file only, and says what became slower', () => {
    const a = write('a.json', [
      exampleResult('one', narrow(2)),
      exampleResult('two', narrow(2)),
      exampleResult('gone', narrow(1)),
    ]);
    const b = write('b.json', [exampleResult('two', narrow(1)), exampleResult('one', narrow(2))], {
      environment: { ...environment(), cpu: 'another' },
    });
    const found = compareFiles(a, b);
    expect(found.cases.map(({ id, significant }) => [id, significant])).toEqual([
      ['one @1', false],
      ['two @1', true],
    ]);
    expect(found.missing).toEqual(['gone @1']);
    expect(found.warnings[0]).toMatch(/cpu differs/);
    expect(found.markdown).toMatch(/1 of 2 cases changed significantly/);
    expect(found.markdown).toMatch(/two @1 .*\*\*slower\*\*/);
  });

  it('refuses what it cannot compare', () => {
    const a = write('a.json', []);
    const refusal = (text: RegExp) =>
      expect.objectContaining({ code: 'ERR_RESULTS', message: expect.stringMatching(text) });
    expect(() => compareFiles(a, write('b.json', [], { suite: 'models' }))).toThrow(
      refusal(/suite kernels, received models/),
    );
    expect(() => compareFiles(a, join(folder, 'none.json'))).toThrow(refusal(/received ENOENT/));
    expect(() => compareFiles(a, write('c.json', [], { data: {} }))).toThrow(refusal(/received another/));
    writeFileSync(join(folder, 'd.json'), 'text');
    expect(() => compareFiles(a, join(folder, 'd.json'))).toThrow(refusal(/received no JSON/));
  });
});
