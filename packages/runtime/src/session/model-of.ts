import type { Model } from '@gossamer/graph';
import { loadModel, parseModel } from '@gossamer/graph/onnx';
import type { ModelSource } from './engine.js';

/** The graph of what a session is opened on. */
export async function modelOf(source: ModelSource): Promise<Model> {
  if (source.kind === 'model') return source.model;
  return source.kind === 'path' ? loadModel(source.path) : parseModel(source.bytes);
}
