import { outputErrorAsync } from '@gossamer/kernels';
import type { RoundWeight } from '../grid/round-weight.js';

/** One matrix of a layer whose input takes the scale. */
export interface ScaledMatrix {
  readonly rows: number;
  /** [rows, columns], row-major. */
  readonly data: Float32Array;
  /** Mean of x xᵀ of the vectors that it multiplies, [columns, columns]. */
  readonly second: Float64Array;
  /** Channel whose scale a column takes, [columns]. */
  readonly channelOf: Int32Array;
  /** The quantizer that will be used. */
  readonly round: RoundWeight;
}

export interface AwqScales {
  /** Weights of channel c are multiplied by it before rounding, inputs divided, [channels]. All 1: nothing beats round-to-nearest. */
  readonly scale: Float64Array;
  /** The exponent of mean|x| that won; 0: round-to-nearest. */
  readonly exponent: number;
  /** Output error of the layers together with `scale`, and with none. */
  readonly error: number;
  readonly errorUnscaled: number;
}

const EXPONENTS = Array.from({ length: 21 }, (_, i) => i / 20);

/**
 * AWQ's search: s_c = (mean|x_c|)^a over sqrt(max s min s), for a = 0, 0.05, ... 1 that with the least output error of all layers that share
 * the input, trace(E M Eᵀ) with E = round(W diag s) diag(s)^-1 - W. a = 0 is among them: never worse than `round` alone. Channels that are
 * never active count as the least active one. `meanAbs` [channels]. O(21 x elements x columns).
 *
 * Source: Lin et al. 2024, "AWQ", arXiv:2306.00978, section 3.2, equations 4 and 5; the normalisation is the official code's.
 */
export async function awqScales(
  matrices: readonly ScaledMatrix[],
  meanAbs: Float64Array,
  signal?: AbortSignal,
): Promise<AwqScales> {
  const active = meanAbs.filter((mean) => mean > 0);
  const least = active.length > 0 ? active.reduce((a, b) => Math.min(a, b)) : 1;
  let best: AwqScales | undefined;
  for (const exponent of EXPONENTS) {
    signal?.throwIfAborted();
    const raw = meanAbs.map((mean) => Math.max(mean, least) ** exponent);
    const middle = Math.sqrt(raw.reduce((a, b) => Math.max(a, b)) * raw.reduce((a, b) => Math.min(a, b)));
    const scale = raw.map((s) => s / middle);
    let error = 0;
    for (const matrix of matrices) error += await scaledError(matrix, scale);
    if (!best || error < best.error) best = { scale, exponent, error, errorUnscaled: best?.errorUnscaled ?? error };
  }
  return best!;
}

async function scaledError({ rows, data, second, channelOf, round }: ScaledMatrix, scale: Float64Array) {
  const columns = channelOf.length;
  const factors = Float64Array.from(channelOf, (channel) => scale[channel]!);
  // Rounded to float32 as the model will hold it.
  const rounded = round(timesColumns(data, factors), rows, columns);
  const back = timesColumns(
    rounded,
    factors.map((s) => 1 / s),
  );
  return outputErrorAsync({ changed: back, target: data, second, columns });
}

/** W diag(s). */
function timesColumns(data: Float32Array, factors: Float64Array): Float32Array {
  const columns = factors.length;
  const product = new Float32Array(data.length);
  for (let i = 0; i < data.length;) for (let j = 0; j < columns; j++, i++) product[i] = data[i]! * factors[j]!;
  return product;
}
