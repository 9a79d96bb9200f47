import type { Model } from '@gossamer/graph';
import { isUnedited } from '@gossamer/graph/onnx';
import type { SavableModel } from './savable-model.js';

/** The file of a model that is still what was read from it, which engines open themselves; else the graph. */
export function modelOrFile({ ir, path }: Pick<SavableModel, 'ir' | 'path'>): string | Model {
  return path !== undefined && isUnedited(ir) ? path : ir;
}
