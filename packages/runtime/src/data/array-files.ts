import { elementCount, GossamerError, type Tensor } from '@gossamer/graph';
import { ChunkList, writeAtomically } from '@gossamer/graph/onnx';
import { open } from 'node:fs/promises';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { BytePull } from './byte-pull.js';
import { FilePull } from './file-pull.js';
import { decodeNpy } from './npy-decode.js';
import { encodeNpy } from './npy-encode.js';
import { takeNpyHeader } from './take-npy-header.js';
import { openZip } from './zip-file.js';
import { zipOf } from './zip-writer.js';

/** Bytes of one array: what a typed array holds. */
const MAX_BYTES = 2 ** 32 - 1;

/** The array of an .npy file. Throws ERR_DATA_FILE, ERR_DATA_LIMIT, ERR_PICKLE. */
export async function readNpy(path: string): Promise<Tensor> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_DATA_FILE',
      `${path}: expected a readable file, received ${reason}`,
      {
        cause,
      },
    );
  });
  try {
    const { size } = await file.stat();
    return await takeArray(path, new FilePull(path, file.fd, 0, size), size);
  } finally {
    await file.close();
  }
}

/** All arrays of an .npz file by name, in memory. Throws ERR_DATA_FILE, ERR_DATA_LIMIT, ERR_PICKLE. */
export async function readNpz(path: string): Promise<Record<string, Tensor>> {
  const zip = await openZip(path);
  try {
    const arrays: [string, Tensor][] = [];
    for (const [file, entry] of zip.entries) {
      if (!file.endsWith('.npy')) continue;
      const label = `${path}: array ${file.slice(0, -4)}`;
      const pull = await zip.open(entry, label);
      arrays.push([
        file.slice(0, -4),
        await takeArray(label, pull, entry.uncompressedSize).finally(() => pull.close()),
      ]);
    }
    return Object.fromEntries(arrays);
  } finally {
    zip.close();
  }
}

async function takeArray(label: string, pull: BytePull, size: number): Promise<Tensor> {
  const header = await takeNpyHeader(label, pull, size);
  const bytes = elementCount(header.shape) * header.itemSize;
  if (bytes > MAX_BYTES) {
    const text = `${label}: expected an array of at most ${MAX_BYTES} bytes, received ${bytes}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_LIMIT', text);
  }
  return decodeNpy(header, header.shape, await pull.take(bytes));
}

export interface SaveArraysOptions {
  readonly signal?: AbortSignal;
}

/**
 * Writes tensors by name, whole or not at all: to an .npz file, or, where the path ends in .npy, the one tensor there is. See `encodeNpy` for
 * types that numpy lacks. Throws ERR_OPTION for several tensors in an .npy, ERR_DATA_LIMIT for an .npz of 4 GiB, and what a write throws.
 */
export async function saveArrays(
  path: string,
  arrays: Readonly<Record<string, Tensor>>,
  options: SaveArraysOptions = {},
): Promise<void> {
  const names = Object.keys(arrays);
  if (!path.endsWith('.npy')) {
    const entries = names.map((name) => {
      const { header, data } = encodeNpy(arrays[name]!);
      return { name: `${name}.npy`, pieces: [header, data] };
    });
    return writeAtomically(path, zipOf(entries), options);
  }
  if (names.length !== 1) {
    const text = `${path}: expected an .npz file for several arrays, received .npy for ${names.join(', ')}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_OPTION', text);
  }
  const { header, data } = encodeNpy(arrays[names[0]!]!);
  return writeAtomically(path, new ChunkList().push(header).push(data), options);
}
