/** More levels on one side of 0 than integers of 16 bits have: no quantized weight. */
const MAX_LEVEL = 2 ** 15;
/** The smallest magnitude that occurs is taken to be at most this many steps from 0. */
const MAX_SMALLEST = 128;
/** Distinct magnitudes beyond which floats are taken for unquantized. */
const MAX_DISTINCT = 4096;

/**
 * The largest float32 `scale` for which every value is Math.fround(k x scale) of an integer |k| < 2^15, or undefined.
 *
 * Steps are sought from the smallest magnitude v: scale = v / j for j = 1, 2, ..., within 2 units in the last place, which is as far
 * as rounding takes it. All zeros have scale 0. -0, NaN, infinities and more than 4096 magnitudes have none.
 */
export function findScale(values: Float32Array): number | undefined {
  const distinct = new Set<number>();
  for (const value of values) {
    if (!Number.isFinite(value) || Object.is(value, -0)) return undefined;
    if (value !== 0) distinct.add(Math.abs(value));
    if (distinct.size > MAX_DISTINCT) return undefined;
  }
  const magnitudes = Float32Array.from(distinct).sort();
  if (magnitudes.length === 0) return 0;
  const smallest = magnitudes[0]!;
  // The largest first: it refutes most candidates.
  magnitudes.reverse();
  for (let j = 1; j <= MAX_SMALLEST; j++) {
    for (const scale of neighbours(smallest / j)) {
      if (magnitudes.every((magnitude) => isMultiple(magnitude, scale))) return scale;
    }
  }
  return undefined;
}

/** The integer k of a value that `findScale` gave `scale` for. */
export function levelOf(value: number, scale: number): number {
  // 0 for both: adding 0 turns -0 into 0.
  return scale === 0 ? 0 : Math.round(value / scale) + 0;
}

function isMultiple(magnitude: number, scale: number): boolean {
  const level = Math.round(magnitude / scale);
  return level < MAX_LEVEL && Math.fround(level * scale) === magnitude;
}

function neighbours(value: number): number[] {
  const float = new Float32Array([value]);
  const bits = new Int32Array(float.buffer);
  const [centre] = bits;
  return [0, 1, -1, 2, -2].flatMap((step) => {
    bits[0] = centre! + step;
    return float[0]! > 0 && Number.isFinite(float[0]!) ? [float[0]!] : [];
  });
}
