import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonText } from './json-text.js';
import { sha256 } from './sha256.js';
import { version } from './version.js';

/** What a run was made from; enough to make it again and to tell two runs apart. */
export interface RunManifest {
  readonly command: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Paths of the files read. */
  readonly inputs: readonly string[];
  /** Paths of the files written. */
  readonly outputs: readonly string[];
  readonly seed: number;
}

/** Makes the folder of a run, before its work, so that a wrong path is found at once. */
export async function openRun(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
}

/** Writes manifest.json (hashes, seed, options, versions) and result.json into `directory`; each appears whole. */
export async function writeRun(directory: string, manifest: RunManifest, result: object): Promise<void> {
  const hashed = async (paths: readonly string[]) =>
    Promise.all(paths.map(async (path) => ({ path, sha256: await sha256(path) })));
  const document = {
    gossamer: version,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    ...manifest,
    inputs: await hashed(manifest.inputs),
    outputs: await hashed(manifest.outputs),
  };
  await writeWhole(join(directory, 'result.json'), result);
  await writeWhole(join(directory, 'manifest.json'), document);
}

async function writeWhole(path: string, document: object): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, jsonText(document));
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
