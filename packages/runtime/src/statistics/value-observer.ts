import type { Tensor } from '@gossamer/graph';
import { axisView, Histogram, minMaxAsync, minMaxAxisAsync } from '@gossamer/kernels';
import { float32View } from '../session/tensor-view.js';
import type { Observed } from './observe-request.js';
import { histogramMeanAbs, type HistogramView, type TensorStatistics } from './tensor-statistics.js';

/** Collects what is known about one value. Order of batches and their sizes change nothing. */
export class ValueObserver {
  #count: number | undefined = 0;
  #min = Infinity;
  #max = -Infinity;
  #nanCount = 0;
  #infCount = 0;
  #channelMin: Float32Array | undefined;
  #channelMax: Float32Array | undefined;

  readonly #histogram: Histogram | undefined;

  constructor(
    readonly observed: Observed,
    bins?: number,
  ) {
    if (observed.histogram) this.#histogram = new Histogram(bins === undefined ? {} : { bins });
  }

  /**
   * Takes minima and maxima that the engine computed, several where iterations or slices have their own; without minima the value is
   * known not to go below 0. Returns false, taking nothing, when they cannot be those of finite values: then the values are needed.
   */
  addReduced(minima: Tensor | undefined, maxima: Tensor): boolean {
    const high = float32View(maxima);
    const low = minima ? float32View(minima).slice() : new Float32Array(high.length);
    // A branch that was not taken gives Infinity and -Infinity: nothing was seen.
    for (let i = 0; i < low.length; i++) {
      const isEmpty = high[i] === -Infinity && (!minima || low[i] === Infinity);
      if (isEmpty) low[i] = Infinity;
      // A pool over nothing but NaN gives the lowest number there is.
      else if (!(Number.isFinite(low[i]) && Number.isFinite(high[i]) && low[i]! <= high[i]!)) return false;
    }
    for (const value of low) if (value < this.#min) this.#min = value;
    for (const value of high) if (value > this.#max) this.#max = value;
    if (this.observed.axis !== undefined) this.#addChannels(low, high);
    this.#count = undefined;
    return true;
  }

  /** Takes all elements; those that are not finite are counted and left out. */
  async addValues(tensor: Tensor): Promise<void> {
    const values = float32View(tensor);
    const { axis } = this.observed;
    if (axis !== undefined && tensor.dims.length > axis) {
      const slices = await minMaxAxisAsync(values, axisView(tensor.dims, axis));
      this.#addChannels(slices.min, slices.max);
    }
    if (this.#histogram) {
      await this.#histogram.observeAsync(values);
      return;
    }
    const { min, max, nanCount, infCount } = await minMaxAsync(values);
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
    this.#nanCount += nanCount;
    this.#infCount += infCount;
    if (this.#count !== undefined) this.#count += values.length - nanCount - infCount;
  }

  #addChannels(low: Float32Array, high: Float32Array): void {
    this.#channelMin ??= new Float32Array(low.length).fill(Infinity);
    this.#channelMax ??= new Float32Array(low.length).fill(-Infinity);
    for (let i = 0; i < low.length; i++) {
      this.#channelMin[i] = Math.min(this.#channelMin[i]!, low[i]!);
      this.#channelMax[i] = Math.max(this.#channelMax[i]!, high[i]!);
    }
  }

  statistics(): TensorStatistics {
    const { id, axis } = this.observed;
    const histogram = this.#histogram && snapshot(this.#histogram);
    const range = histogram ?? { min: this.#min, max: this.#max };
    return {
      name: id,
      count: histogram ? histogram.total : this.#count,
      // `+ 0` turns -0 into 0, which minimum and maximum may or may not have met first.
      min: range.min + 0,
      max: range.max + 0,
      absMax: range.min > range.max ? 0 : Math.max(Math.abs(range.min), Math.abs(range.max)),
      meanAbs: histogram && histogramMeanAbs(histogram),
      nanCount: this.#histogram?.nanCount ?? this.#nanCount,
      infCount: this.#histogram?.infCount ?? this.#infCount,
      histogram,
      channels:
        axis === undefined || !this.#channelMin ? undefined : { axis, min: this.#channelMin, max: this.#channelMax! },
    };
  }
}

function snapshot({ bins, counts, binWidth, zeroCount, total, min, max }: Histogram): HistogramView {
  return { bins, counts, binWidth, zeroCount, total, min, max };
}
