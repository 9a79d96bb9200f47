import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment } from '../harness/environment.js';
import { openCaseStore } from './case-store.js';
import { exampleResult } from './testing/example-result.js';

describe('the case store', () => {
  const here = environment();
  const ratio = { ratio: 2, low: 1.9, high: 2.1 };
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-store-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps each case as soon as it is there, and gives it to a run that resumes', () => {
    const file = join(folder, 'new', 'kernels.json');
    const store = openCaseStore(file, 'kernels', here, false);
    store.add(exampleResult('one', ratio));
    store.add({ id: 'two @1', name: 'two', group: 'g', threads: 1, error: 'ERR_ENGINE: no' });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      schemaVersion: 1,
      suite: 'kernels',
      isPartial: true,
    });
    const resumed = openCaseStore(file, 'kernels', here, true);
    expect(resumed.find('one @1')).toMatchObject({ ratio });
    expect(resumed.find('two @1')).toBeUndefined();
    expect(openCaseStore(file, 'kernels', here, false).find('one @1')).toBeUndefined();
  });

  it('takes nothing from another commit or CPU', () => {
    const file = join(folder, 'kernels.json');
    openCaseStore(file, 'kernels', { ...here, commit: 'another' }, false).add(exampleResult('one', ratio));
    expect(openCaseStore(file, 'kernels', here, true).find('one @1')).toBeUndefined();
  });

  it('refuses a file that holds something else', () => {
    const file = join(folder, 'kernels.json');
    for (const text of ['{', '{"schemaVersion":7}']) {
      writeFileSync(file, text);
      expect(() => openCaseStore(file, 'kernels', here, true)).toThrow(
        expect.objectContaining({ code: 'ERR_RESULTS' }),
      );
    }
  });
});
