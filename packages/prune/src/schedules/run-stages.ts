import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GossamerError, type Model } from '@gossamer/graph';
import { loadModel, saveModel, serializeModel } from '@gossamer/graph/onnx';
import type { CheckpointOptions } from '@gossamer/train';
import type { PruneErrorCode } from '../error-codes.js';

/** What a stage may read. */
export interface StageContext {
  /** The model that an earlier stage made. */
  model(stage: string): Model;
  /** Where its training keeps its state; undefined without a folder. */
  readonly checkpoint?: CheckpointOptions;
}

/** A piece of a schedule that ends in a model. */
export interface Stage {
  /** A file name, unique. */
  readonly name: string;
  run(context: StageContext): Promise<Model>;
}

export interface StageOptions {
  /** Where each stage's model is kept whole, and the state of the one that runs: the same schedule goes on there and ends in the same bytes. Default: nowhere. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { stage: string; done: number; total: number }) => void;
}

/** Runs stages one after the other and returns their models by name; those that `folder` has are taken from there. `settings`: all that decides them. Throws ERR_PRUNE_STAGES for a folder of another schedule. */
export async function runStages(
  model: Model,
  settings: readonly unknown[],
  stages: readonly Stage[],
  { folder, signal, onProgress }: StageOptions,
): Promise<ReadonlyMap<string, Model>> {
  const made = new Map<string, Model>();
  const digest = digestOf(model, settings);
  const done = folder === undefined ? [] : await openFolder(folder, digest);
  for (const [i, stage] of stages.entries()) {
    signal?.throwIfAborted();
    const path = folder === undefined ? undefined : join(folder, `${stage.name}.onnx`);
    const checkpoint = folder === undefined ? undefined : { path: join(folder, `${stage.name}.safetensors`) };
    if (path === undefined || !done.includes(stage.name)) {
      const context = {
        model: (name: string) => made.get(name)!,
        ...(checkpoint ? { checkpoint } : {}),
      };
      const result = await stage.run(context);
      made.set(stage.name, result);
      if (path !== undefined) {
        await saveModel(result, path);
        done.push(stage.name);
        await writeDone(folder!, digest, done);
        await rm(checkpoint!.path, { force: true });
      }
    }
    // As a schedule that is resumed here will have it.
    if (path !== undefined) made.set(stage.name, await loadModel(path));
    onProgress?.({ stage: stage.name, done: i + 1, total: stages.length });
  }
  return made;
}

interface Manifest {
  readonly digest: string;
  readonly done: readonly string[];
}

const manifestOf = (folder: string): string => join(folder, 'stages.json');

/** Names of the stages that are done. */
async function openFolder(folder: string, digest: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const text = await readFile(manifestOf(folder), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return [];
  const manifest = parse(text);
  if (manifest?.digest === digest) return [...manifest.done];
  throw new GossamerError<PruneErrorCode>(
    'ERR_PRUNE_STAGES',
    `${folder}: expected a folder of the same schedule, model and options, received ${manifest ? 'one of another' : 'a broken stages.json'}`,
  );
}

function parse(text: string): Manifest | undefined {
  try {
    const found = JSON.parse(text) as Partial<Manifest> | null;
    return typeof found?.digest === 'string' && Array.isArray(found.done) ? (found as Manifest) : undefined;
  } catch {
    return undefined;
  }
}

/** Written aside first: a manifest is whole or the one before. */
async function writeDone(folder: string, digest: string, done: readonly string[]): Promise<void> {
  const path = manifestOf(folder);
  await writeFile(`${path}.new`, JSON.stringify({ digest, done } satisfies Manifest));
  await rename(`${path}.new`, path);
}

/** SHA-256 of the model and the settings; functions count by their text. */
function digestOf(model: Model, settings: readonly unknown[]): string {
  const text = JSON.stringify(settings, (_, value: unknown) => (typeof value === 'function' ? String(value) : value));
  return createHash('sha256').update(serializeModel(model)).update(text).digest('hex');
}
