import type { Model, Tensor } from '@gossamer/graph';
import {
  embedded,
  encodePlacement,
  isOutside,
  readExternalReference,
  type TensorPlacement,
  toBytes,
  writeModel,
} from '@gossamer/graph/onnx';
import { realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

/** Field number of TensorProto.raw_data. */
const RAW_DATA = 9;
/** Smaller tensors go into the message: shapes and scalars are wanted there by shape inference. */
const MIN_BYTES = 1024;

/** A model without its large weights, which it names in a file of `folder` instead. */
export interface ReferencedModel {
  readonly bytes: Uint8Array;
  /** Undefined when no weight lies in a file. */
  readonly folder: string | undefined;
}

interface FileRange {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Serialises a model such that weights read from a file are references into that file (the .onnx itself, or its data files): nothing is
 * copied, and an engine that maps external data maps the original. Edited weights are inside. Undefined from `maxBytes` on.
 */
export function referenceWeights(model: Model, maxBytes: number): ReferencedModel | undefined {
  // Names in one message are relative to one folder. Links are resolved first: ONNX Runtime refuses those that lead out of it.
  const folder = isUnchanged(model) ? dirname(realpathSync(model.path!)) : undefined;
  let used = false;
  const find = (tensor: Tensor) => (folder === undefined ? undefined : fileRange(tensor, folder));
  const placement: TensorPlacement = {
    mustMove: (tensor) => find(tensor) !== undefined || embedded.mustMove(tensor),
    place(tensor, name) {
      const range = find(tensor);
      if (!range) return embedded.place(tensor, name);
      used = true;
      return encodePlacement(range);
    },
  };
  const chunks = writeModel(model, placement);
  if (chunks.byteLength >= maxBytes) return undefined;
  return { bytes: toBytes(chunks), folder: used ? folder : undefined };
}

/** Where a tensor's bytes lie in a file under `folder`; undefined for tensors elsewhere, in memory, in typed fields, and for small ones. */
function fileRange(tensor: Tensor, folder: string): FileRange | undefined {
  const { origin } = tensor;
  const path = origin?.source.path;
  if (!origin || path === undefined || tensor.byteLength < MIN_BYTES || tensor.dtype === 'string') return undefined;
  if (isOutside(tensor)) {
    const { location, offset } = readExternalReference(origin);
    return placeIn(folder, join(dirname(path), location), offset, tensor.byteLength);
  }
  const range = origin.range(RAW_DATA);
  return range && placeIn(folder, path, range.start, tensor.byteLength);
}

function placeIn(folder: string, file: string, offset: number, length: number): FileRange | undefined {
  // ONNX Runtime refuses external data in a file with several names, which package managers make by linking.
  if (statSync(file).nlink > 1) return undefined;
  const location = relative(folder, realpathSync(file)).split(sep).join('/');
  return location.startsWith('../') || isAbsolute(location) ? undefined : { location, offset, length };
}

/** True when the model's file is still the one that was opened: paths lead to what is there now. */
function isUnchanged({ path, origin }: Model): boolean {
  if (path === undefined || !origin || origin.source.path === undefined) return false;
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat !== undefined && `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}` === origin.source.identity;
}
