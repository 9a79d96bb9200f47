import { statSync } from 'node:fs';
import { openGsm, toModel as openGraph } from '@gossamer/encode';
import { GossamerError, isGossamerError, type Model } from '@gossamer/graph';
import { loadModel as readModel } from '@gossamer/graph/onnx';
import type { Verification } from '@gossamer/runtime';
import type { CompressionScheme, SavableModel } from './savable-model.js';
import { saveThroughGate, type GateOptions } from './save-gate.js';

/** A model as the SDK hands it around: the graph, and a `save` that proves what it writes. */
export class OnnxModel implements SavableModel {
  constructor(
    /** The graph IR; edit a `clone()` of it, never this one. */
    readonly ir: Model,
    /** The model this one was made from, which the gate compares outputs with. */
    readonly reference: OnnxModel | undefined = undefined,
    /** How it was compressed, where it was. */
    readonly scheme: CompressionScheme | undefined = undefined,
    /** The file it was read from. */
    readonly path: string | undefined = ir.path,
  ) {}

  /**
   * Writes the model to `path`, whole or not at all, after it was reopened in ONNX Runtime and (by default) compared with the model
   * it was made from. Throws ERR_GATE when it does not load; nothing is written then.
   */
  save(path: string, options: GateOptions = {}): Promise<Verification | undefined> {
    return saveThroughGate(this, path, options);
  }
}

/** A model, or the path of one. */
export type ModelInput = OnnxModel | string;

/** Opens an ONNX or .gsm file lazily: weights stay on disk until they are needed. Errors name the file. */
export async function loadModel(path: string): Promise<OnnxModel> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() && found.size === 0) {
    throw new GossamerError('ERR_TRUNCATED', `${path}: expected an ONNX model, received an empty file`);
  }
  try {
    if (path.endsWith('.gsm')) return new OnnxModel(openGraph(openGsm(path)), undefined, undefined, path);
    return new OnnxModel(await readModel(path));
  } catch (cause) {
    if (!isGossamerError(cause) || cause.message.startsWith(path)) throw cause;
    const message = `${path}: expected an ONNX model, received other or damaged contents (${cause.message})`;
    throw new GossamerError(cause.code, message, { cause });
  }
}

/** Opens `input` when it is a path. */
export async function toModel(input: ModelInput): Promise<OnnxModel> {
  return typeof input === 'string' ? loadModel(input) : input;
}
