import { requireLength } from '../require-array.js';

/** M + dI with d `damping` times the mean of M's diagonal where it is not 0; what is 0 there (an input that is always 0) counts as 1. [size, size] */
export function dampedMoment(second: Float64Array, size: number, damping: number): Float64Array {
  requireLength('second', second, size * size);
  let [sum, live] = [0, 0];
  for (let i = 0; i < size; i++) {
    const value = second[i * size + i]!;
    sum += value;
    if (value !== 0) live++;
  }
  const shift = live === 0 ? 0 : (damping * sum) / live;
  const damped = second.slice();
  for (let i = 0; i < size; i++) {
    const at = i * size + i;
    damped[at] = damped[at] === 0 ? 1 : damped[at]! + shift;
  }
  return damped;
}
