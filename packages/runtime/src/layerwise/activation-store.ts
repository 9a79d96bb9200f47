import { type DType, GossamerError, Tensor, type TensorStorage, tensorType, type TensorType } from '@gossamer/graph';
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuntimeErrorCode } from '../error-codes.js';

/** Where one tensor lies in the file of its value. */
interface Piece {
  readonly offset: number;
  readonly byteLength: number;
  readonly dtype: DType;
  readonly dims: readonly number[];
}

interface Kept {
  readonly path: string;
  readonly pieces: Map<number, Piece>;
  byteLength: number;
}

/**
 * Tensors of values, one a run, in files of a folder of its own: a file for each value, removed as a whole. Nothing of a tensor stays in
 * memory but where it lies. Reads and writes are synchronous.
 */
export class ActivationStore {
  /** The folder that `dispose` removes. */
  readonly folder: string;
  readonly #kept = new Map<string, Kept>();
  #files = 0;

  /** `parent`: the folder to make its own in, made when missing; undefined: the system's for temporary files. */
  constructor(parent: string | undefined) {
    if (parent !== undefined) mkdirSync(parent, { recursive: true });
    this.folder = mkdtempSync(join(parent ?? tmpdir(), 'gossamer-layers-'));
  }

  /** Bytes on disk. */
  get byteLength(): number {
    let sum = 0;
    for (const { byteLength } of this.#kept.values()) sum += byteLength;
    return sum;
  }

  has(name: string): boolean {
    return this.#kept.has(name);
  }

  /** What is known about a value in all its runs: dimensions that differ between them are undefined, as is the shape where ranks differ. */
  typeOf(name: string): TensorType | undefined {
    const pieces = [...(this.#kept.get(name)?.pieces.values() ?? [])];
    const [first] = pieces;
    if (!first) return undefined;
    const isRanked = pieces.every(({ dims }) => dims.length === first.dims.length);
    const isFixed = (dim: number, axis: number) => pieces.every(({ dims }) => dims[axis] === dim);
    const shape = isRanked ? first.dims.map((dim, axis) => (isFixed(dim, axis) ? dim : undefined)) : undefined;
    return tensorType(first.dtype, shape);
  }

  put(name: string, run: number, tensor: Tensor): void {
    let kept = this.#kept.get(name);
    if (!kept) {
      kept = { path: join(this.folder, `${this.#files++}.bin`), pieces: new Map(), byteLength: 0 };
      this.#kept.set(name, kept);
    }
    const bytes = tensor.dtype === 'string' ? encodeStrings(tensor) : tensor.bytes();
    const file = openSync(kept.path, 'a');
    try {
      for (let at = 0; at < bytes.byteLength;) at += writeSync(file, bytes, at, bytes.byteLength - at);
    } finally {
      closeSync(file);
    }
    const { dtype, dims } = tensor;
    kept.pieces.set(run, { offset: kept.byteLength, byteLength: bytes.byteLength, dtype, dims });
    kept.byteLength += bytes.byteLength;
  }

  /** `memory` is read into where it is large enough: it holds the tensor until it is given again. */
  get(name: string, run: number, memory?: ArrayBuffer): Tensor {
    const kept = this.#kept.get(name);
    const piece = kept?.pieces.get(run);
    if (!kept || !piece) throw new Error(`value ${name}: not kept for run ${run}`);
    const { byteLength } = piece;
    const bytes =
      memory && memory.byteLength >= byteLength
        ? new Uint8Array(memory, 0, byteLength)
        : new Uint8Array(Buffer.allocUnsafeSlow(byteLength).buffer);
    const file = openSync(kept.path, 'r');
    try {
      for (let at = 0; at < bytes.byteLength;) {
        const count = readSync(file, bytes, at, bytes.byteLength - at, piece.offset + at);
        if (count === 0) throw new GossamerError<RuntimeErrorCode>('ERR_LAYERWISE', truncated(kept));
        at += count;
      }
    } finally {
      closeSync(file);
    }
    if (piece.dtype === 'string') return decodeStrings(piece.dims, bytes);
    return Tensor.fromStorage(piece.dtype, piece.dims, inMemory(bytes));
  }

  /** Forgets a value and removes its file. */
  drop(name: string): void {
    const kept = this.#kept.get(name);
    if (!kept) return;
    this.#kept.delete(name);
    rmSync(kept.path, { force: true });
  }

  dispose(): void {
    this.#kept.clear();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const truncated = ({ path, byteLength }: Kept) =>
  `${path}: expected the ${byteLength} bytes that were written, received fewer`;

const inMemory = (bytes: Uint8Array): TensorStorage => ({
  byteLength: bytes.byteLength,
  read: (start, end) => bytes.subarray(start, end),
});

function encodeStrings(tensor: Tensor): Uint8Array {
  return Buffer.from(JSON.stringify(tensor.strings().map((text) => Buffer.from(text).toString('latin1'))));
}

function decodeStrings(dims: readonly number[], bytes: Uint8Array): Tensor {
  const texts = JSON.parse(Buffer.from(bytes).toString()) as string[];
  return Tensor.ofStrings(
    dims,
    texts.map((text) => Buffer.from(text, 'latin1')),
  );
}
