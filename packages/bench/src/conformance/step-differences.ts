import type { Model, Tensor } from '@gossamer/graph';
import type { Metric } from '@gossamer/runtime';

/** How far the outputs of two engines are apart, over all runs so far. */
export interface StepDifferences {
  readonly elements: number;
  readonly equal: number;
  /** Of outputs that are codes on a grid: elements one step apart, and more. Undefined: no output is. */
  readonly oneStep: number | undefined;
  readonly moreSteps: number | undefined;
  readonly maxAbsDifference: number;
  /** Largest magnitude of an expected element. */
  readonly maxAbs: number;
  /** Rows of the first output whose largest element is at the same place, of how many. */
  readonly sameArgmax: number;
  readonly rows: number;
}

/** Scale of the grid that an output lies on: it comes from a DequantizeLinear of one scale, perhaps reshaped. */
function gridOf(model: Model, output: string): number | undefined {
  let value = model.graph.outputs.find(({ name }) => name === output);
  const moves = ['Reshape', 'Flatten', 'Squeeze', 'Transpose', 'Identity', 'Unsqueeze'];
  while (value?.producer && moves.includes(value.producer.op)) value = value.producer.input(0);
  const scale = value?.producer?.op === 'DequantizeLinear' ? value.producer.input(1)?.constant : undefined;
  return scale?.length === 1 ? Number(scale.toFloat64()[0]) : undefined;
}

/** Compares every output with the reference session's, element by element. */
export class StepDifferenceMetric implements Metric {
  readonly name = 'step-differences';
  readonly better = 'higher';
  readonly needs = 'reference';
  readonly #grids: ReadonlyMap<string, number | undefined>;
  readonly #sums = { elements: 0, equal: 0, oneStep: 0, moreSteps: 0, sameArgmax: 0, rows: 0 };
  #maxAbsDifference = 0;
  #maxAbs = 0;

  constructor(model: Model) {
    this.#grids = new Map(model.graph.outputs.map(({ name }) => [name, gridOf(model, name)]));
  }

  update(outputs: Readonly<Record<string, Tensor>>, batch: Parameters<Metric['update']>[1]): void {
    for (const [i, [name, expected]] of Object.entries(batch.reference ?? {}).entries()) {
      const [found, wanted] = [outputs[name]!.toFloat64(), expected.toFloat64()];
      this.#compare(found, wanted, this.#grids.get(name));
      const width = expected.dims.at(-1) ?? 1;
      if (i === 0 && width > 1) this.#countRows(found, wanted, width);
    }
  }

  #compare(found: Float64Array, wanted: Float64Array, grid: number | undefined): void {
    for (const [i, value] of wanted.entries()) {
      const difference = Math.abs(found[i]! - value);
      this.#sums.elements++;
      if (Object.is(found[i], value) || difference === 0) this.#sums.equal++;
      // One step, give or take the rounding of the two products.
      else if (grid !== undefined && difference <= Math.abs(grid) * 1.001) this.#sums.oneStep++;
      else if (grid !== undefined) this.#sums.moreSteps++;
      this.#maxAbsDifference = Number.isNaN(difference) ? Infinity : Math.max(this.#maxAbsDifference, difference);
      this.#maxAbs = Math.max(this.#maxAbs, Math.abs(value));
    }
  }

  #countRows(found: Float64Array, wanted: Float64Array, width: number): void {
    for (let row = 0; row < wanted.length; row += width) {
      const argmax = (values: Float64Array) => {
        let best = row;
        for (let i = row + 1; i < row + width; ++i) if (values[i]! > values[best]!) best = i;
        return best;
      };
      this.#sums.rows++;
      if (argmax(found) === argmax(wanted)) this.#sums.sameArgmax++;
    }
  }

  result() {
    const { elements, equal, rows } = this.#sums;
    return { metric: this.name, value: elements === 0 ? 0 : equal / elements, samples: rows };
  }

  differences(): StepDifferences {
    const onGrid = [...this.#grids.values()].some((grid) => grid !== undefined);
    const { oneStep, moreSteps, ...sums } = this.#sums;
    return {
      ...sums,
      oneStep: onGrid ? oneStep : undefined,
      moreSteps: onGrid ? moreSteps : undefined,
      maxAbsDifference: this.#maxAbsDifference,
      maxAbs: this.#maxAbs,
    };
  }
}
