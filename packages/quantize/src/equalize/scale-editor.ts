import { storeConstant, Tensor, type WeightView } from '@gossamer/graph';
import { channelAxes } from './channel-layout.js';
import type { ScaledConstant, ScaleFold } from './foldable-scales.js';
import { eachRow, inputChannels, type LayerMatrix, layerMatrix, outputChannels, storeMatrix } from './layer-matrix.js';

interface Pending {
  readonly matrix: LayerMatrix;
  /** What rows of a channel, and columns of a channel, are multiplied by. */
  readonly rowFactors: Float64Array;
  readonly columnFactors: Float64Array;
}

/**
 * Scales of many folds, gathered in float64 and written at once: however often a weight is scaled, it is rounded once. `commit` writes
 * into the model that the folds belong to.
 */
export class ScaleEditor {
  readonly #weights = new Map<WeightView['source'], Pending>();
  readonly #totals = new Map<ScaleFold, Float64Array>();

  /** Divides the results of the fold's source by `scale` [channels], all > 0, and multiplies what reads them. */
  apply(fold: ScaleFold, scale: ArrayLike<number>): void {
    const total = this.#totals.get(fold) ?? new Float64Array(fold.channels).fill(1);
    for (let c = 0; c < total.length; c++) total[c]! *= scale[c]!;
    this.#totals.set(fold, total);
    if (fold.view) {
      const { rowFactors } = this.#pending(fold.view);
      for (let c = 0; c < rowFactors.length; c++) rowFactors[c]! /= scale[c]!;
    }
    for (const { view, channelOf } of fold.readers) {
      const { columnFactors } = this.#pending(view);
      for (let c = 0; c < columnFactors.length; c++) columnFactors[c]! *= scale[channelOf[c]!]!;
    }
  }

  /** Largest magnitude that makes each channel of the fold, [channels]; only for folds of layers. O(elements). */
  outputRange({ view, channels }: ScaleFold): Float64Array {
    const range = new Float64Array(channels);
    const { matrix, rowFactors, columnFactors } = this.#pending(view!);
    eachRow(matrix, (first, output, inputs) => {
      let largest = range[output]!;
      for (let column = 0; column < inputs.length; column++) {
        const weight = matrix.data[first + column]! * columnFactors[inputs[column]!]!;
        if (weight > largest) largest = weight;
        else if (-weight > largest) largest = -weight;
      }
      range[output] = largest;
    });
    return range.map((size, c) => size * rowFactors[c]!);
  }

  /** Largest magnitude that reads each channel of the fold, over all its readers, [channels]. O(elements). */
  inputRange({ readers, channels }: Pick<ScaleFold, 'readers' | 'channels'>): Float64Array {
    const range = new Float64Array(channels);
    for (const { view, channelOf } of readers) {
      const { matrix, rowFactors, columnFactors } = this.#pending(view);
      const own = new Float64Array(columnFactors.length);
      eachRow(matrix, (first, output, inputs) => {
        const factor = rowFactors[output]!;
        for (let column = 0; column < inputs.length; column++) {
          const input = inputs[column]!;
          const weight = matrix.data[first + column]! * factor;
          if (weight > own[input]!) own[input] = weight;
          else if (-weight > own[input]!) own[input] = -weight;
        }
      });
      own.forEach((size, input) => {
        const channel = channelOf[input]!;
        range[channel] = Math.max(range[channel]!, size * columnFactors[input]!);
      });
    }
    return range;
  }

  /** What has been applied to the fold so far, [channels]; undefined for nothing. */
  total(fold: ScaleFold): Float64Array | undefined {
    return this.#totals.get(fold);
  }

  /** Writes weights and constants. The editor is used up. */
  commit(): void {
    for (const { matrix, rowFactors, columnFactors } of this.#weights.values()) {
      if (rowFactors.every((factor) => factor === 1) && columnFactors.every((factor) => factor === 1)) continue;
      eachRow(matrix, (first, output, inputs) => {
        const factor = rowFactors[output]!;
        for (let column = 0; column < inputs.length; column++) {
          matrix.data[first + column]! *= factor * columnFactors[inputs[column]!]!;
        }
      });
      storeMatrix(matrix);
    }
    for (const [fold, total] of this.#totals) {
      if (total.every((scale) => scale === 1)) continue;
      for (const constant of fold.constants) divideConstant(constant, total);
    }
  }

  #pending(view: WeightView): Pending {
    let pending = this.#weights.get(view.source);
    if (!pending) {
      const matrix = layerMatrix(view);
      const rowFactors = new Float64Array(outputChannels(matrix)).fill(1);
      pending = { matrix, rowFactors, columnFactors: new Float64Array(inputChannels(matrix)).fill(1) };
      this.#weights.set(view.source, pending);
    }
    return pending;
  }
}

/** Divides a constant by the scale of the channel at each of its places; it grows along axes that tell channels apart. */
function divideConstant({ node, slot, layout }: ScaledConstant, scale: Float64Array): void {
  const value = node.input(slot)!;
  const tensor = value.constant!;
  const rank = layout.steps.length;
  const own = [...Array.from({ length: Math.max(0, rank - tensor.dims.length) }, () => 1), ...tensor.dims];
  const first = Math.min(...channelAxes(layout), rank - tensor.dims.length);
  const dims = own.map((size, axis) => layout.steps[axis]?.length ?? size);
  const from = tensor.toFloat32();
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, flat) => {
    let [rest, place, stride, channel] = [flat, 0, 1, layout.offset];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const index = rest % dims[axis]!;
      rest = (rest - index) / dims[axis]!;
      if (own[axis] !== 1) place += index * stride;
      stride *= own[axis]!;
      channel += layout.steps[axis]?.[index] ?? 0;
    }
    return from[place]! / scale[channel]!;
  });
  const scaled = Tensor.of('float32', dims.slice(Math.max(0, first)), data);
  const isOwn = value.uses.length === 1 && !value.isOutput;
  const isSameShape = scaled.dims.length === tensor.dims.length && scaled.length === tensor.length;
  if (isOwn && isSameShape) storeConstant(value, scaled);
  else node.graph.setInput(node, slot, node.graph.addInitializer(`${value.name}_scaled`, scaled));
}
