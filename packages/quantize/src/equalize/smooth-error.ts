import { affineFromRange } from '@gossamer/runtime';
import type { InputGroup } from './input-groups.js';
import type { InputRows } from './input-statistics.js';
import { layerMatrix } from './layer-matrix.js';

// Locals: a global's property is looked up at every call in an isolated context (tests, vm).
const { abs, max, min, round } = Math;

/** The error that 8 bits make in a group's outputs over some rows, as a function of the scale that its inputs are divided by. */
export class SmoothError {
  readonly #weights: readonly Float32Array[];
  readonly #outputs: readonly Float64Array[];

  /** O(rows x weights), as is every call of `of`. */
  constructor(
    { readers, channels }: InputGroup,
    private readonly rows: InputRows,
  ) {
    this.#weights = readers.map(({ view }) => layerMatrix(view).data);
    this.#outputs = this.#weights.map((weights) => multiply(rows.data, weights, channels));
  }

  /**
   * Squared error when the inputs, divided by `scale`, are rounded to 8 bits with one scale (asymmetric) and the weights, multiplied by
   * it, to 8 bits with a scale a row (symmetric).
   */
  of(scale: Float64Array): number {
    const columns = scale.length;
    const inputs = roundTensor(this.rows.data.map((value, i) => value / scale[i % columns]!));
    let error = 0;
    this.#weights.forEach((weights, i) => {
      const codes = roundRows(
        weights.map((weight, k) => weight * scale[k % columns]!),
        columns,
      );
      const wanted = this.#outputs[i]!;
      multiply(inputs, codes, columns).forEach((value, k) => (error += (value - wanted[k]!) ** 2));
    });
    return error;
  }
}

/** Products of all rows of `a` and of `b`, both of `columns` columns. */
function multiply(a: Float32Array, b: Float32Array, columns: number): Float64Array {
  const [left, right] = [a.length / columns, b.length / columns];
  const products = new Float64Array(left * right);
  for (let i = 0; i < left; i++) {
    for (let j = 0; j < right; j++) {
      const [x, w] = [i * columns, j * columns];
      let sum = 0;
      for (let c = 0; c < columns; c++) sum += a[x + c]! * b[w + c]!;
      products[i * right + j] = sum;
    }
  }
  return products;
}

function roundTensor(data: Float32Array): Float32Array {
  let [low, high] = [0, 0];
  for (const value of data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const codes = { quantMin: 0, quantMax: 255, mapping: 'asymmetric' } as const;
  const { scale, zeroPoint } = affineFromRange({ min: low, max: high }, codes);
  return data.map((value) => (min(255, max(0, round(value / scale) + zeroPoint)) - zeroPoint) * scale);
}

function roundRows(data: Float32Array, columns: number): Float32Array {
  const rounded = new Float32Array(data.length);
  for (let first = 0; first < data.length; first += columns) {
    let most = 0;
    for (let i = first; i < first + columns; i++) most = max(most, abs(data[i]!));
    const scale = most > 0 ? most / 127 : 1;
    for (let i = first; i < first + columns; i++) rounded[i] = round(data[i]! / scale) * scale;
  }
  return rounded;
}
