import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { GossamerError } from '@gossamer/graph';

/** Where a search for installed packages starts: the running script's folder, then the working directory. */
function searchBases(): string[] {
  const script = process.argv[1];
  const bases = [resolve('package.json')];
  if (script !== undefined && existsSync(script)) bases.unshift(realpathSync(script));
  return bases;
}

/**
 * The folder of an installed npm package, whether or not its `exports` let it be resolved.
 *
 * Throws `ERR_PACKAGE_MISSING` when no `node_modules` on the way up holds it.
 */
export function packageFolder(name: string): string {
  for (const base of searchBases()) {
    for (const folder of createRequire(base).resolve.paths(name) ?? []) {
      const candidate = join(folder, name);
      if (existsSync(join(candidate, 'package.json'))) return candidate;
    }
  }
  throw new GossamerError(
    'ERR_PACKAGE_MISSING',
    `${name}: expected an installed npm package (run npm ci), received none`,
  );
}

/** The first folder upwards from the running script or the working directory that holds `fixtures/models`: a clone's root. */
export function repositoryFolder(): string {
  for (const base of searchBases()) {
    for (let folder = resolve(base, '..'); ; folder = resolve(folder, '..')) {
      if (existsSync(join(folder, 'fixtures', 'models'))) return folder;
      if (resolve(folder, '..') === folder) break;
    }
  }
  throw new GossamerError(
    'ERR_FIXTURES_MISSING',
    'fixtures/models: expected a clone of the repository, received none above here',
  );
}
