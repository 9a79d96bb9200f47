import type { Tensor, WeightView } from '@gossamer/graph';
import { readAhead } from '../read-ahead.js';
import { floatData, weightData } from './float-data.js';

/** Idle buffers that are kept: two weights are in hand, one of them perhaps in two pieces. */
const MOST_IDLE = 3;
/** A larger buffer is not kept: it would count for the rest of the run. */
const LARGEST_KEPT = 2 ** 26;
/** Rows are read in pieces of about this many bytes. */
const PIECE_BYTES = 2 ** 22;

/** Some whole rows (slices along the first axis) of a weight. */
export interface Rows {
  readonly data: Float32Array;
  readonly first: number;
  readonly count: number;
}

/**
 * Reads weights for one run of a mode. Weights in a file are read into buffers that are used again: most of the time of a read into
 * fresh memory goes into making that memory (BERT-base, 435 MB in the file cache: 118 ms, into used buffers 30 ms).
 */
export class WeightReader {
  readonly #idle: ArrayBuffer[] = [];

  constructor(readonly signal?: AbortSignal) {}

  /** Runs `work` on the weight as its node sees it. The array is read-only, and only until the promise settles. */
  async use<Result>(view: WeightView, work: (data: Float32Array) => Promise<Result>): Promise<Result> {
    const { stored, chain } = view;
    const isPlain = chain.every(({ op }) => op === 'Identity');
    if (!isPlain || !isFloatFile(stored)) return work(weightData(view));
    return this.#lend(stored, 0, stored.byteLength, work);
  }

  /**
   * Runs `work` on the rows of a stored tensor: piece by piece, the next being read meanwhile, where it lies in a file, so that an
   * embedding table of any size takes the memory of two pieces; else on all of them at once.
   */
  async useRows(stored: Tensor, work: (rows: Rows) => Promise<void>): Promise<void> {
    const total = stored.dims[0]!;
    if (!isFloatFile(stored)) return work({ data: floatData(stored), first: 0, count: total });
    const rowBytes = stored.byteLength / Math.max(1, total);
    const step = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, rowBytes)));
    const starts = Array.from({ length: Math.ceil(total / step) }, (_, i) => i * step);
    const begin = async (first: number) => {
      const count = Math.min(step, total - first);
      await this.#lend(stored, first * rowBytes, count * rowBytes, async (data) => work({ data, first, count }));
    };
    for await (const _ of readAhead(starts, begin)) this.signal?.throwIfAborted();
  }

  async #lend<Result>(
    stored: Tensor,
    start: number,
    byteLength: number,
    work: (data: Float32Array) => Promise<Result>,
  ): Promise<Result> {
    const buffer = this.#take(byteLength);
    try {
      stored.copyInto(new Uint8Array(buffer, 0, byteLength), start);
      return await work(new Float32Array(buffer, 0, byteLength / 4));
    } finally {
      this.#giveBack(buffer);
    }
  }

  /** The smallest idle buffer that is large enough, or a new one. */
  #take(byteLength: number): ArrayBuffer {
    const fitting = this.#idle.findIndex((buffer) => buffer.byteLength >= byteLength);
    return fitting < 0 ? new ArrayBuffer(byteLength) : this.#idle.splice(fitting, 1)[0]!;
  }

  #giveBack(buffer: ArrayBuffer): void {
    if (buffer.byteLength > LARGEST_KEPT) return;
    this.#idle.push(buffer);
    this.#idle.sort((a, b) => a.byteLength - b.byteLength);
    if (this.#idle.length > MOST_IDLE) this.#idle.shift();
  }
}

function isFloatFile(stored: Tensor): boolean {
  return stored.dtype === 'float32' && stored.isInFile;
}
