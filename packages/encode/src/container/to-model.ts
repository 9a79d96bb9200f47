import type { Model } from '@gossamer/graph';
import { MemorySource, readModel, type ReadOptions } from '@gossamer/graph/onnx';
import type { Gsm } from './gsm.js';
import { GsmSource } from './gsm-source.js';

/**
 * The model of a .gsm file as a graph. Weights are decoded when they are read, those of files beside the model too; the file stays
 * open with the model. Throws what reading an ONNX model throws.
 */
export function toModel(gsm: Gsm, options: ReadOptions = {}): Model {
  const layout = gsm.layout(true);
  // A file that could not be taken apart may still be a model.
  return readModel(layout ? new GsmSource(gsm, layout) : new MemorySource(gsm.readOpaque()), options);
}
