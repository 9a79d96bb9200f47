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
import { basename, dirname, join, resolve } from 'node:path';

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
  readonly folder: string;
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Serialises a model such that weights read from a file are references into that file (the .onnx itself, or its data files): nothing is
 * copied, and an engine that maps external data maps the original. Edited weights are inside. Undefined from `maxBytes` on.
 */
export function referenceWeights(model: Model, maxBytes: number): ReferencedModel | undefined {
  // Names in one message are relative to one folder.
  const folder = model.path === undefined ? undefined : dirname(resolve(model.path));
  let used = false;
  const find = (tensor: Tensor): FileRange | undefined => {
    const range = folder === undefined ? undefined : fileRange(tensor, folder);
    return range?.folder === folder ? range : undefined;
  };
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

/** Where a tensor's bytes lie in a file; undefined for tensors in memory, in typed fields, and for small ones. */
function fileRange(tensor: Tensor, modelFolder: string): FileRange | undefined {
  const { origin } = tensor;
  if (!origin || tensor.byteLength < MIN_BYTES || tensor.dtype === 'string') return undefined;
  if (isOutside(tensor)) {
    const { location, offset } = readExternalReference(origin);
    const file = resolve(join(dirname(origin.source.path ?? ''), location));
    return origin.source.path === undefined
      ? undefined
      : { folder: modelFolder, location: relativeTo(modelFolder, file), offset, length: tensor.byteLength };
  }
  const range = origin.range(RAW_DATA);
  if (!range || range.source.path === undefined || range.source.isResident) return undefined;
  const file = resolve(range.source.path);
  return { folder: dirname(file), location: basename(file), offset: range.start, length: tensor.byteLength };
}

function relativeTo(folder: string, file: string): string {
  return file.startsWith(folder) ? file.slice(folder.length + 1).replaceAll('\\', '/') : file;
}
