/** Bound once: looking Math up costs in the innermost loops of a vm context. */
const { floor } = Math;
/** Beyond this a probability is not distinguished from 0 or 1 in 16 bits. */
const LIMIT = 12;
/** Steps of the table of `squash` in one unit. */
const STEPS = 128;

// Tables come from +, -, * and / alone, which IEEE 754 rounds alike everywhere; Math.log and Math.exp may differ in the last bit.
const NATURAL_LOGS = naturalLogs(65536);

/** ln(p / (1 - p)) of a probability p in 1/65536, by p. */
export const STRETCH = Float64Array.from({ length: 65536 }, (_, p) =>
  p === 0 ? -LIMIT : NATURAL_LOGS[p]! - NATURAL_LOGS[65536 - p]!,
);

const SQUASH = squashTable();

/** 1 / (1 + e^-x) in 1/65536, rising, linear between steps of 1/128; ends at -12 and 12. */
export function logistic(x: number): number {
  const position = ((x <= -LIMIT ? -LIMIT : x >= LIMIT ? LIMIT : x) + LIMIT) * STEPS;
  const index = floor(position);
  const left = SQUASH[index]!;
  return left + (SQUASH[index + 1]! - left) * (position - index);
}

/** The same as an integer within [8, 65528]: the inverse of STRETCH. */
export function squash(x: number): number {
  const p = floor(logistic(x));
  return p < 8 ? 8 : p > 65528 ? 65528 : p;
}

/** ln(n) for n in [1, count], by ln(n) = ln(n - 1) + 2 atanh(1 / (2n - 1)). */
function naturalLogs(count: number): Float64Array {
  const logs = new Float64Array(count + 1);
  for (let n = 2; n <= count; n++) {
    const z = 1 / (2 * n - 1);
    let term = z;
    let sum = 0;
    for (let k = 1; term > 1e-18; k += 2) {
      sum += term / k;
      term *= z * z;
    }
    logs[n] = logs[n - 1]! + 2 * sum;
  }
  return logs;
}

function squashTable(): Float64Array {
  // e^(1 / STEPS), by its series.
  let step = 0;
  for (let k = 12, term = 1; k >= 0; k--) {
    term = 1;
    for (let j = 1; j <= k; j++) term = term / (j * STEPS);
    step += term;
  }
  const table = new Float64Array(2 * LIMIT * STEPS + 2);
  let power = 1;
  for (let i = LIMIT * STEPS; i < table.length; i++) {
    table[i] = 65536 * (power / (power + 1));
    power *= step;
  }
  for (let i = 0; i < LIMIT * STEPS; i++) table[i] = 65536 - table[2 * LIMIT * STEPS - i]!;
  return table;
}
