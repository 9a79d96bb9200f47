import { GossamerError } from '../errors.js';

/** One tensor may hold this many elements: what a typed array of 4-byte elements takes in Node 20. */
const LARGEST_TENSOR = 2 ** 31;

/** Counts the elements an evaluation writes and its multiply-adds; throws ERR_EVAL_BUDGET beyond the limit. */
export class Budget {
  #left: number;

  constructor(private readonly limit: number) {
    this.#left = limit;
  }

  /** Charges `count` elements or multiply-adds before they are made. */
  charge(count: number, what: string): void {
    this.#left -= count;
    if (this.#left < 0) {
      throw new GossamerError(
        'ERR_EVAL_BUDGET',
        `${what}: expected at most ${this.limit} elements written, received more`,
      );
    }
  }

  /** Charges a tensor of `count` elements. */
  chargeTensor(count: number, what: string): void {
    if (count > LARGEST_TENSOR) {
      throw new GossamerError(
        'ERR_EVAL_BUDGET',
        `${what}: expected a tensor of at most ${LARGEST_TENSOR} elements, received ${count}`,
      );
    }
    this.charge(count, what);
  }
}
