import type { Model } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelSource } from './engine.js';
import { referenceWeights } from './reference-weights.js';

/** A model in the form that onnxruntime-node opens. */
export interface OrtInput {
  /** For messages. */
  readonly label: string;
  /** A file, or the bytes of one. */
  readonly model: string | Uint8Array;
  /** Where the data files that `model` names lie; undefined: it names none, or it is a file. */
  readonly folder: string | undefined;
  /** Removes what was written for ONNX Runtime to read. */
  dispose(): Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

/** Bytes from which a model is handed over as a file; ONNX Runtime refuses 2 GiB. */
const MAX_BYTES = 1.8e9;

/** Prepares a model for ONNX Runtime. Weights that lie in a file stay there: ONNX Runtime maps them. */
export async function ortInput(source: ModelSource): Promise<OrtInput> {
  if (source.kind === 'path') return { label: source.path, model: source.path, folder: undefined, dispose: nothing };
  if (source.kind === 'bytes') return { label: 'model', model: source.bytes, folder: undefined, dispose: nothing };
  const { model } = source;
  const label = model.path ?? 'model';
  const referenced = referenceWeights(model, MAX_BYTES);
  if (referenced) return { label, model: referenced.bytes, folder: referenced.folder, dispose: nothing };
  return temporaryFile(model, label);
}

/** For models whose edited weights alone are too many for one message. */
async function temporaryFile(model: Model, label: string): Promise<OrtInput> {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-'));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'model.onnx');
    await saveModel(model, path, { externalData: 'always', fsync: false });
    return { label, model: path, folder: undefined, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
