import { outputError } from '../algorithms/output-error.js';

/** A weight of a layer, [rows, columns], row-major. */
export interface LayerWeight {
  readonly rows: number;
  readonly data: Float32Array;
}

/** Puts a matrix [rows, columns] on a grid and gives back the values that its codes stand for. */
export type RoundWeight = (data: Float32Array, rows: number, columns: number) => Float32Array;

/** What is known of the inputs that layers share. */
export interface AwqMoments {
  /** Mean of |x_c|, [columns]. */
  readonly meanAbs: Float64Array;
  /** Mean of x xᵀ, [columns, columns]. */
  readonly second: Float64Array;
}

export interface AwqScales {
  /** Weights' column c is multiplied by it before rounding, inputs divided. All 1: nothing beats round-to-nearest. */
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
 * never active count as the least active one. O(21 x elements x columns).
 *
 * Source: Lin et al. 2024, "AWQ", arXiv:2306.00978, section 3.2, equations 4 and 5; the normalisation is the official code's.
 */
export function awqScales(layers: readonly LayerWeight[], moments: AwqMoments, round: RoundWeight): AwqScales {
  const columns = moments.meanAbs.length;
  const active = moments.meanAbs.filter((mean) => mean > 0);
  const least = active.length > 0 ? active.reduce((a, b) => Math.min(a, b)) : 1;
  let best: AwqScales | undefined;
  for (const exponent of EXPONENTS) {
    const raw = moments.meanAbs.map((mean) => Math.max(mean, least) ** exponent);
    const middle = Math.sqrt(raw.reduce((a, b) => Math.max(a, b)) * raw.reduce((a, b) => Math.min(a, b)));
    const scale = raw.map((s) => s / middle);
    const error = layers.reduce((sum, layer) => sum + scaledError(layer, scale, columns, moments, round), 0);
    if (!best || error < best.error) best = { scale, exponent, error, errorUnscaled: best?.errorUnscaled ?? error };
  }
  return best!;
}

function scaledError(
  { rows, data }: LayerWeight,
  scale: Float64Array,
  columns: number,
  { second }: AwqMoments,
  round: RoundWeight,
): number {
  const rounded = round(scaleColumns(data, scale), rows, columns);
  for (let i = 0; i < rounded.length; i++) rounded[i]! /= scale[i % columns]!;
  return outputError(rounded, data, second, columns);
}

/** W diag(s), rounded to float32 as the model will hold it. */
function scaleColumns(data: Float32Array, scale: Float64Array): Float32Array {
  return data.map((weight, i) => weight * scale[i % scale.length]!);
}
