import type { Tensor } from '@gossamer/graph';
import { axisView, minMax, minMaxAxis } from '@gossamer/kernels';
import { float32View } from '../session/tensor-view.js';
import type { Observed } from './observe-request.js';
import type { TensorStatistics } from './tensor-statistics.js';

/** Collects what is known about one value. Order of batches and their sizes change nothing. */
export class ValueObserver {
  #count: number | undefined = 0;
  #min = Infinity;
  #max = -Infinity;
  #nanCount = 0;
  #infCount = 0;
  #channelMin: Float32Array | undefined;
  #channelMax: Float32Array | undefined;

  constructor(readonly observed: Observed) {}

  /**
   * Takes minima and maxima that the engine computed, one for each row (with an axis: for each slice). Returns false, taking nothing,
   * when they show values that are not finite: then the values themselves are needed.
   */
  addReduced(minima: Tensor, maxima: Tensor): boolean {
    const low = float32View(minima);
    const high = float32View(maxima);
    // A branch that was not taken gives Infinity and -Infinity: nothing was seen.
    for (let i = 0; i < low.length; i++) {
      const isEmpty = low[i] === Infinity && high[i] === -Infinity;
      if (!isEmpty && !(Number.isFinite(low[i]) && Number.isFinite(high[i]))) return false;
    }
    for (const value of low) if (value < this.#min) this.#min = value;
    for (const value of high) if (value > this.#max) this.#max = value;
    if (this.observed.axis !== undefined) this.#addChannels(low, high);
    this.#count = undefined;
    return true;
  }

  /** Takes all elements; those that are not finite are counted and left out. */
  addValues(tensor: Tensor): void {
    const values = float32View(tensor);
    const { axis } = this.observed;
    if (axis !== undefined && tensor.dims.length > axis) {
      const slices = minMaxAxis(values, axisView(tensor.dims, axis));
      this.#addChannels(slices.min, slices.max);
    }
    const { min, max, nanCount, infCount } = minMax(values);
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

  /** True when something was not finite. */
  get isTainted(): boolean {
    return this.#nanCount + this.#infCount > 0;
  }

  statistics(): TensorStatistics {
    const { id, axis } = this.observed;
    const isEmpty = this.#min > this.#max;
    return {
      name: id,
      count: this.#count,
      // `+ 0` turns -0 into 0, which minimum and maximum may or may not have met first.
      min: this.#min + 0,
      max: this.#max + 0,
      absMax: isEmpty ? 0 : Math.max(Math.abs(this.#min), Math.abs(this.#max)),
      meanAbs: undefined,
      nanCount: this.#nanCount,
      infCount: this.#infCount,
      histogram: undefined,
      channels:
        axis === undefined || !this.#channelMin ? undefined : { axis, min: this.#channelMin, max: this.#channelMax! },
    };
  }
}
