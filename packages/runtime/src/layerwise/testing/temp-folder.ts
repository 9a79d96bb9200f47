import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder for each test, removed afterwards; call the result for its path. */
export function useTempFolder(): () => string {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-layerwise-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return () => folder;
}
