import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives each test of the enclosing `describe` a fresh directory, removed afterwards; call the result for its path. */
export function useTempDir(): () => string {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(realpathSync(tmpdir()), 'gossamer-encode-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  return () => directory;
}
