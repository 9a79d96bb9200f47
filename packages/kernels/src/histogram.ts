import { GossamerError } from '@gossamer/graph';
import { type HistogramJson, requireHistogramJson } from './histogram-json.js';
import { type AsyncOptions, type NativeCall, runCall, runCallAsync, runCallCuda } from './native-call.js';
import { requireArray } from './require-array.js';

/** Options of `Histogram`. */
export interface HistogramOptions {
  /** Bins over both signs; a power of two in [128, 65536]. Half of them serve data of one sign. Default 8192. */
  readonly bins?: number;
}

const DEFAULT_BINS = 8192;
const MIN_EXPONENT = -100;

/** What one batch adds: counts over the narrowest bins that hold it. */
interface Batch {
  readonly exponent: number;
  readonly counts: Float64Array;
  readonly min: number;
  readonly max: number;
  readonly nanCount: number;
  readonly infCount: number;
  readonly zeroCount: number;
}

/**
 * A histogram of floats that grows with its data in bounded memory.
 *
 * Bins have the width 2^exponent and are mirrored at 0: of `bins`, the upper half counts x >= 0 by floor(x / width), the
 * lower half x < 0 by floor(-x / width), counted downward. Data beyond the range doubles the width until it fits; pairs of
 * bins then fold into one exactly, so the result depends only on the values seen: not on batches, order, CPU or threads.
 * NaN and infinities are counted apart. At least half of the range is in use, so the width is at most
 * 4 / bins of the largest magnitude.
 */
export class Histogram {
  readonly bins: number;
  #batch: Batch;

  constructor({ bins = DEFAULT_BINS }: HistogramOptions = {}) {
    if (!(Number.isInteger(bins) && bins >= 128 && bins <= 65536 && (bins & (bins - 1)) === 0)) {
      throw new GossamerError('ERR_BAD_OPTION', `bins: expected a power of two in [128, 65536], received ${bins}`);
    }
    this.bins = bins;
    const counts = new Float64Array(bins);
    const none = { nanCount: 0, infCount: 0, zeroCount: 0 };
    this.#batch = { exponent: MIN_EXPONENT, counts, min: Infinity, max: -Infinity, ...none };
  }

  /** Adds every element of `x`. */
  observe(x: Float32Array): this {
    return this.#add(runCall(this.#count(x)));
  }

  /** `observe` on the thread pool. When it rejects, the histogram is as it was. */
  async observeAsync(x: Float32Array, options?: AsyncOptions): Promise<this> {
    return this.#add(await runCallAsync(this.#count(x), options));
  }

  /** `observe` on the GPU, with the same counts (the range of `x` is found on the CPU). When it rejects, the histogram is as it was. */
  async observeCuda(x: Float32Array, options?: AsyncOptions): Promise<this> {
    return this.#add(await runCallCuda(this.#count(x), options));
  }

  /** Adds all that `other` has seen. Throws ERR_BAD_OPTION unless both have as many bins. */
  merge(other: Histogram): this {
    if (other.bins !== this.bins) {
      throw new GossamerError('ERR_BAD_OPTION', `bins: expected ${this.bins}, received ${other.bins}`);
    }
    return this.#add(other.#batch);
  }

  clone(): Histogram {
    return new Histogram({ bins: this.bins }).merge(this);
  }

  /** Values in each bin; bin i covers edges()[i] to edges()[i + 1]. A copy. */
  get counts(): Float64Array {
    return this.#batch.counts.slice();
  }

  /** Counts of |x|: element m covers m * binWidth to (m + 1) * binWidth. Length bins / 2. */
  magnitudeCounts(): Float64Array {
    const half = this.bins / 2;
    const { counts } = this.#batch;
    return Float64Array.from({ length: half }, (_, m) => counts[half + m]! + counts[half - 1 - m]!);
  }

  /** The bins + 1 borders of the bins, from -absLimit to absLimit; each exact. */
  edges(): Float64Array {
    const half = this.bins / 2;
    return Float64Array.from({ length: this.bins + 1 }, (_, i) => (i - half) * this.binWidth);
  }

  /** Width of every bin, a power of two. */
  get binWidth(): number {
    return 2 ** this.#batch.exponent;
  }

  /** Magnitudes counted are below this. */
  get absLimit(): number {
    return this.binWidth * (this.bins / 2);
  }

  /** Smallest finite value, exact; Infinity when there is none. */
  get min(): number {
    return this.#batch.min;
  }

  /** Largest finite value, exact; -Infinity when there is none. */
  get max(): number {
    return this.#batch.max;
  }

  /** How many finite values were seen. */
  get total(): number {
    return this.#batch.counts.reduce((sum, count) => sum + count, 0);
  }

  /** How many of them were 0 (or -0). */
  get zeroCount(): number {
    return this.#batch.zeroCount;
  }

  get nanCount(): number {
    return this.#batch.nanCount;
  }

  get infCount(): number {
    return this.#batch.infCount;
  }

  toJSON(): HistogramJson {
    const { exponent, counts, min, max, zeroCount, nanCount, infCount } = this.#batch;
    const isUsed = (count: number): boolean => count > 0;
    const firstBin = Math.max(counts.findIndex(isUsed), 0);
    const used = Array.from(counts.subarray(firstBin, counts.findLastIndex(isUsed) + 1));
    const range = used.length > 0 ? { min, max } : { min: null, max: null };
    return { bins: this.bins, exponent, firstBin, counts: used, ...range, zeroCount, nanCount, infCount };
  }

  /** The histogram that `toJSON` wrote. Throws ERR_BAD_OPTION for anything else. */
  static fromJSON(json: HistogramJson): Histogram {
    requireHistogramJson(json);
    const histogram = new Histogram({ bins: json.bins });
    const counts = new Float64Array(json.bins);
    counts.set(json.counts, json.firstBin);
    histogram.#batch = { ...json, counts, min: json.min ?? Infinity, max: json.max ?? -Infinity };
    return histogram;
  }

  #count(x: Float32Array): NativeCall<'countHistogram', Batch> {
    requireArray('x', x, 'Float32Array');
    const counts = new Float64Array(this.bins);
    const summary = new Float64Array(6);
    const finish = (): Batch => {
      const [exponent, min, max, nanCount, infCount, zeroCount] = summary as unknown as readonly number[];
      return {
        counts,
        exponent: exponent!,
        min: min!,
        max: max!,
        nanCount: nanCount!,
        infCount: infCount!,
        zeroCount: zeroCount!,
      };
    };
    return { operation: 'countHistogram', args: [x, this.bins, counts, summary], finish };
  }

  #add(batch: Batch): this {
    const old = this.#batch;
    const exponent = Math.max(old.exponent, batch.exponent);
    const counts = new Float64Array(this.bins);
    addFolded(counts, old.counts, exponent - old.exponent);
    addFolded(counts, batch.counts, exponent - batch.exponent);
    this.#batch = {
      exponent,
      counts,
      min: Math.min(old.min, batch.min),
      max: Math.max(old.max, batch.max),
      nanCount: old.nanCount + batch.nanCount,
      infCount: old.infCount + batch.infCount,
      zeroCount: old.zeroCount + batch.zeroCount,
    };
    return this;
  }
}

/** Adds counts to bins that are 2^doublings times as wide. */
function addFolded(into: Float64Array, counts: Float64Array, doublings: number): void {
  const half = counts.length / 2;
  // Beyond 31 the shift would wrap; by then every magnitude bin has long become bin 0.
  const shift = Math.min(doublings, 31);
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    // i - half is m for x >= 0 and -1 - m for x < 0: an arithmetic shift halves m on either side.
    if (count > 0) into[half + ((i - half) >> shift)]! += count;
  }
}
