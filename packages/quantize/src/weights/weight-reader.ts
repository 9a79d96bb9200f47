import type { WeightView } from '@gossamer/graph';
import { weightData } from './float-data.js';

/** Idle buffers that are kept: read-ahead has two weights in hand. */
const MOST_IDLE = 2;
/** A larger buffer (an embedding) is not kept: it would count for the rest of the run. */
const LARGEST_KEPT = 2 ** 26;

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
    const isPlain = stored.dtype === 'float32' && chain.every(({ op }) => op === 'Identity');
    if (!isPlain || !stored.isInFile) return work(weightData(view));
    const buffer = this.#take(stored.byteLength);
    try {
      stored.copyInto(new Uint8Array(buffer, 0, stored.byteLength));
      return await work(new Float32Array(buffer, 0, stored.length));
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
