import type { BinaryCoder } from './binary-coder.js';

/** Costs are whole numbers of 1/1024 bit, so that sums are the same on every machine. */
const UNIT = 1024;

/** Cost of a decision of probability p / 4096, by p rounded down; finer than that no choice depends on it. */
const COSTS = Float64Array.from({ length: 4097 }, (_, p) => Math.round(-UNIT * Math.log2(Math.max(p, 0.5) / 4096)));

/** Writes nothing: sums what an encoder would write, in 1/1024 bit, to compare ways of coding. */
export class CostCoder implements BinaryCoder {
  cost = 0;

  code(p1: number, bit: number): number {
    const p = bit === 1 ? p1 : 65536 - p1;
    this.cost += p >= 4096 ? COSTS[p >>> 4]! : COSTS[p]! + 4 * UNIT;
    return bit;
  }
}
