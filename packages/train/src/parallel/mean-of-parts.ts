import { Tensor } from '@gossamer/graph';
import { float32View, type Outputs } from '@gossamer/runtime';

/** Share of each of `parts` equal parts of a batch in the weights of its samples, as float32; all 0 where no sample weighs anything. */
export function sharesOf(sampleWeights: Float32Array, parts: number): readonly number[] {
  const rows = sampleWeights.length / parts;
  const sums = Array.from({ length: parts }, (_, part) =>
    sampleWeights.subarray(part * rows, (part + 1) * rows).reduce((a, b) => a + b, 0),
  );
  const total = sums.reduce((a, b) => a + b, 0);
  return sums.map((sum) => (total > 0 ? Math.fround(sum / total) : 0));
}

/**
 * Mean of the outputs of the parts of a batch, weighted: sums in float32, in the order in which parts are added. A part that weighs nothing adds
 * nothing, not even NaN.
 */
export class MeanOfParts {
  readonly #sums = new Map<string, { readonly tensor: Tensor; readonly sum: Float32Array }>();

  /** `into`: where outputs are summed, by name. */
  constructor(private readonly into: Readonly<Record<string, Tensor>> = {}) {}

  add(outputs: Outputs, share: number): void {
    for (const [name, output] of Object.entries(outputs)) {
      const known = this.#sums.get(name);
      const { sum } = known ?? this.#begin(name, output.dims);
      const data = float32View(output);
      if (share === 0) continue;
      if (share === 1) sum.set(data);
      else for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + share * data[i]!;
    }
  }

  get outputs(): Outputs {
    return Object.fromEntries([...this.#sums].map(([name, { tensor }]) => [name, tensor]));
  }

  #begin(name: string, dims: readonly number[]) {
    const tensor = this.into[name] ?? zeros(dims);
    const sum = float32View(tensor);
    sum.fill(0);
    const begun = { tensor, sum };
    this.#sums.set(name, begun);
    return begun;
  }
}

function zeros(dims: readonly number[]): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  return Tensor.of('float32', dims, new Float32Array(count));
}
