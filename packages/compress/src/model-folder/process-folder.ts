import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Model, tieEmbeddings } from '@gossamer/graph';
import {
  assertFolderWritable,
  type FolderDtype,
  fillModelFolder,
  inheritedWarnings,
  loadFolderPart,
  mergeDecoders,
  type ModelFolder,
  openModelFolder,
  type SavedFolder,
} from '@gossamer/graph/folder';
import { peakRssMb, type Verification } from '@gossamer/runtime';
import { OnnxModel } from '../onnx-model.js';
import type { WorkOptions } from '../progress.js';
import { bytesOf } from '../bytes.js';
import type { GateOptions } from '../save-gate.js';
import { branchSeed } from './branch-seed.js';
import { cacheFeeds } from './cache-feeds.js';
import { chooseParts, type PartSource } from './choose-parts.js';
import type { FolderOperation, MadePart } from './folder-operation.js';
import type { FolderResult, PartResult } from './folder-result.js';
import { dtypeWarnings } from './dtype-warnings.js';
import { withFeedsModule } from './feeds-module.js';
import { proveMerged } from './prove-merged.js';

export interface ProcessFolderOptions extends Omit<
  GateOptions,
  'accept' | 'data' | 'dataNames' | 'isRandomData' | 'seed'
> {
  /** The variant to start from. Default: fp32 where every part has it, else the only one all have. */
  readonly variant?: FolderDtype;
}

/** A folder, or the path of one. */
export type FolderInput = ModelFolder | string;

interface Done {
  readonly source: PartSource;
  readonly made: MadePart;
  readonly verification: Verification | undefined;
}

/**
 * Does `operation` to each part of a folder in turn and writes the results, each proved as a single file is, with the companions into a new
 * folder: all or nothing. Throws what opening the folder, the operation and the gate throw.
 */
export async function processFolder(
  input: FolderInput,
  destination: string,
  operation: FolderOperation,
  options: ProcessFolderOptions = {},
): Promise<FolderResult> {
  const start = performance.now();
  const folder = typeof input === 'string' ? await openModelFolder(input) : input;
  const { variant, force = false, signal } = options;
  assertFolderWritable(destination, { force, inputs: [folder.path] });
  const sources = chooseParts(folder, variant, operation.mergeDecoders ?? false);
  const parts = sources.map((source) => ({ name: source.name, dtype: operation.dtype(source.from), source }));
  const done: Done[] = [];
  const write = { force, ...(signal ? { signal } : {}) };
  const saved = await fillModelFolder(folder, destination, parts, write, async ({ source }, path) => {
    signal?.throwIfAborted();
    done.push(await makePart(folder, source, operation, path, options));
  });
  const gateSeconds = done.reduce((sum, { verification }) => sum + (verification?.seconds ?? 0), 0);
  const results = done.map((part, i) => partResult(destination, part, parts[i]!.dtype, saved.parts[i]!));
  const total = (pick: (result: PartResult) => number) => results.reduce((sum, result) => sum + pick(result), 0);
  return {
    output: destination,
    status: 'done',
    bytes: bytesOf(
      total(({ bytes }) => bytes.before),
      total(({ bytes }) => bytes.after),
    ),
    parts: results,
    companions: saved.companions,
    warnings: [
      ...inheritedWarnings(folder, operation.mergeDecoders),
      ...saved.warnings,
      ...dtypeWarnings(folder, results),
    ],
    cost: { makeSeconds: (performance.now() - start) / 1000 - gateSeconds, gateSeconds, peakRssMb: peakRssMb() },
  };
}

async function makePart(
  folder: ModelFolder,
  source: PartSource,
  operation: FolderOperation,
  path: string,
  options: ProcessFolderOptions,
): Promise<Done> {
  const { signal, variant: _, ...gate } = options;
  const onProgress: NonNullable<WorkOptions['onProgress']> = (progress) =>
    options.onProgress?.({ ...progress, stage: `${source.name}: ${progress.stage}` });
  const work = { onProgress, ...(signal ? { signal } : {}) };
  const models: Model[] = [];
  for (const variant of source.variants) {
    // A variant is a file of some part; which one does not matter once it is known.
    models.push(await loadFolderPart(folder, source.name, variant));
  }
  const [decoder, withPast] = models as [Model, Model | undefined];
  const ir = withPast ? mergeDecoders(decoder, withPast) : decoder;
  if (withPast && (options.verify ?? 'full') === 'full') {
    await proveMerged(
      ir,
      [
        { decoder, usesCache: false },
        { decoder: withPast, usesCache: true },
      ],
      work,
    );
  }
  const ties = operation.keepCopies ? [] : tieEmbeddings(ir);
  const made = await operation.make(new OnnxModel(ir), work, source.from);
  const { accept } = made;
  const save = (data: Pick<GateOptions, 'data' | 'isRandomData' | 'seed'>) =>
    made.model.save(path, {
      ...gate,
      ...work,
      ...data,
      force: false,
      dataNames: 'layout',
      ...(accept ? { accept } : {}),
    });
  const feeds = (options.verify ?? 'full') === 'full' ? await cacheFeeds(ir, work) : [];
  const verification =
    feeds.length > 0
      ? await withFeedsModule(feeds, (module) => save({ data: { spec: `module:${module}` }, isRandomData: true }))
      : await save({ seed: await branchSeed(ir) });
  const tied = ties.map(({ layer, table, copy }) => `${layer}: reads ${table}, of which it had a copy (${copy})`);
  return { source, made: { ...made, warnings: [...tied, ...made.warnings] }, verification };
}

function partResult(
  destination: string,
  { source, made, verification }: Done,
  dtype: FolderDtype,
  { file, dataFiles }: SavedFolder['parts'][number],
): PartResult {
  const before = source.variants.reduce((sum, variant) => sum + variant.bytes, 0);
  const after = [file, ...dataFiles].reduce((sum, path) => sum + statSync(join(destination, path)).size, 0);
  const { name, role, from } = source;
  return {
    name,
    role,
    from,
    dtype,
    file,
    dataFiles,
    bytes: bytesOf(before, after),
    layers: made.layers,
    ...(made.passes ? { passes: made.passes } : {}),
    warnings: [...(made.model.reference?.ir.warnings ?? []), ...made.warnings, ...(verification?.warnings ?? [])],
    verification,
  };
}
