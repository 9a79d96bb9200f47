import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isOutside, readExternalReference } from '@gossamer/graph/onnx';
import { constantTensors } from './constant-tensors.js';
import type { OnnxModel } from './onnx-model.js';

/** Bytes of a model's file and of the data files beside it; undefined for a model in memory. */
export function fileBytes({ ir, path }: OnnxModel): number | undefined {
  if (path === undefined) return undefined;
  const locations = new Set<string>();
  for (const tensor of constantTensors(ir)) {
    if (isOutside(tensor)) locations.add(readExternalReference(tensor.origin!).location);
  }
  const files = [path, ...Array.from(locations, (location) => join(dirname(path), location))];
  return files.reduce((sum, file) => sum + statSync(file).size, 0);
}
