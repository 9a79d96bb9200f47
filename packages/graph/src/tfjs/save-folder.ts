import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { writeFolder } from '../folder/write-folder.js';
import { ChunkList } from '../wire/chunk.js';
import { writeAtomically } from '../wire/write-file.js';
import { tfjsError } from './error-codes.js';

/** Bytes of a shard, as tfjs-converter cuts them: what browsers cache as one file. */
const SHARD_BYTES = 4 * 2 ** 20;
export const MODEL_NAME = 'model.json';
const OUR_FILE = /^(model\.json|group\d+-shard\d+of\d+\.bin)$/;

/** The weights of a group, one after another. */
export interface GroupContent {
  readonly byteLength: number;
  /** The bytes of each weight. */
  read(): Iterable<Uint8Array>;
}

export interface TfjsSaveOptions {
  /** Replace a folder that holds a model this function wrote, and nothing else; default false. */
  readonly force?: boolean;
  /** Aborts between shards; nothing is left behind. */
  readonly signal?: AbortSignal;
  /** Called with the path of the whole model.json before it takes its place; throws to refuse it. */
  readonly accept?: (path: string) => Promise<void>;
}

/** Names of the shards of group `index` (from 0): `group1-shard1of3.bin`, ... None for a group without bytes. */
export function shardNames(index: number, byteLength: number): string[] {
  const count = Math.ceil(byteLength / SHARD_BYTES);
  return Array.from({ length: count }, (_, i) => `group${index + 1}-shard${i + 1}of${count}.bin`);
}

/**
 * Writes a TF.js model as a new folder: `model.json` with the given text and the shards of its groups, by the names of `shardNames`. The
 * folder appears whole or not at all. `inputs` are files that must survive.
 *
 * Throws ERR_OUTPUT_EXISTS, ERR_OUTPUT_PATH (a parent that is missing, an output that holds other things or an input), ERR_DISK_FULL,
 * ERR_WRITE_FAILED, ERR_ABORTED.
 */
export async function saveFolder(
  folder: string,
  text: string,
  groups: readonly GroupContent[],
  inputs: readonly string[],
  options: TfjsSaveOptions = {},
): Promise<void> {
  const force = options.force ?? false;
  checkFolder(folder, inputs, force);
  const { signal } = options;
  await writeFolder(folder, { force, isReplaceable: isOurs, ...(signal ? { signal } : {}) }, async (draft) => {
    for (const [index, group] of groups.entries()) await writeShards(draft, index, group, signal);
    await writeWhole(join(draft, MODEL_NAME), Buffer.from(text, 'utf8'), signal);
    await options.accept?.(join(draft, MODEL_NAME));
  });
}

/** Throws before any work is done when the folder could not be written anyway. */
export function checkFolder(folder: string, inputs: readonly string[], force: boolean): void {
  const target = resolve(folder);
  const parent = lstatSync(dirname(target), { throwIfNoEntry: false });
  if (parent === undefined) throw outputPath('a folder in an existing one', folder);
  const found = lstatSync(target, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isDirectory()) throw outputPath('a folder', folder);
  const place = realpathSync(target);
  if (inputs.some((input) => realpathSync(input).startsWith(place + sep))) {
    throw outputPath('another folder than that of the input', folder);
  }
  if (readdirSync(target).length === 0) return;
  if (!isOurs(target)) throw outputPath('a new folder, or one that holds a TF.js model only', folder);
  if (!force) {
    throw tfjsError('ERR_OUTPUT_EXISTS', `output: expected a new folder (or force), received ${folder}`);
  }
}

const outputPath = (expected: string, received: string) =>
  tfjsError('ERR_OUTPUT_PATH', `output: expected ${expected}, received ${received}`);

/** True for a folder that holds a model this module wrote, and nothing else. */
function isOurs(folder: string): boolean {
  const entries = readdirSync(folder, { withFileTypes: true });
  const isModel = entries.every((entry) => entry.isFile() && OUR_FILE.test(entry.name));
  return isModel && entries.some(({ name }) => name === MODEL_NAME);
}

async function writeWhole(path: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  await writeAtomically(path, ChunkList.of(bytes), signal ? { signal } : {});
}

/** Fills one shard at a time. */
async function writeShards(
  folder: string,
  index: number,
  group: GroupContent,
  signal: AbortSignal | undefined,
): Promise<void> {
  const names = shardNames(index, group.byteLength);
  let shard = new Uint8Array(Math.min(SHARD_BYTES, group.byteLength));
  let held = 0;
  let left = group.byteLength;
  for (const bytes of group.read()) {
    for (let at = 0; at < bytes.byteLength;) {
      const taken = Math.min(shard.byteLength - held, bytes.byteLength - at);
      shard.set(bytes.subarray(at, at + taken), held);
      held += taken;
      at += taken;
      left -= taken;
      if (held < shard.byteLength) continue;
      await writeWhole(join(folder, names.shift()!), shard, signal);
      shard = new Uint8Array(Math.min(SHARD_BYTES, left));
      held = 0;
    }
  }
  if (left !== 0 || names.length > 0) throw new Error(`group ${index}: expected all its bytes, ${left} are missing`);
}
