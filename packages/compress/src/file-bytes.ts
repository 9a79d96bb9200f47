import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isOutside, readExternalReference } from '@gossamer/graph/onnx';
import { constantTensors } from './constant-tensors.js';
import type { SavableModel } from './savable-model.js';

/** Bytes of a model's file and of the data files beside it; undefined for a model in memory. */
export function fileBytes(model: SavableModel): number | undefined {
  if (model.path === undefined) return undefined;
  return [model.path, ...dataFiles(model)].reduce((sum, file) => sum + statSync(file).size, 0);
}

/** The files beside a model's own that hold its large tensors; a .gsm file holds all of them itself. */
export function dataFiles({ ir, path }: SavableModel): string[] {
  if (path === undefined || path.endsWith('.gsm')) return [];
  const locations = new Set<string>();
  for (const tensor of constantTensors(ir)) {
    if (isOutside(tensor)) locations.add(readExternalReference(tensor.origin!).location);
  }
  return Array.from(locations, (location) => join(dirname(path), location));
}
