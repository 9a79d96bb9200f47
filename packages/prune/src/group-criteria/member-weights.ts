import { isFloat, type Value } from '@gossamer/graph';
import type { PruneUnit, UnitMember } from '../groups/prune-group.js';

/** Float64 copies of stored tensors, each read once. */
export class MemberWeights {
  readonly #data = new Map<Value, Float64Array>();

  of(value: Value): Float64Array {
    const known = this.#data.get(value);
    if (known) return known;
    const data = value.constant!.toFloat64();
    this.#data.set(value, data);
    return data;
  }
}

/** Members that are numbers, not indices, shapes or codes. */
export const floatMembers = ({ members }: PruneUnit): UnitMember[] =>
  members.filter(({ value }) => isFloat(value.constant!.dtype));

/** Calls `visit` with the place of every element of a slice, in the tensor's row-major order within each index. */
export function visitSlice({ value, axis, indices }: UnitMember, visit: (at: number) => void): void {
  const { dims } = value.constant!;
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = dims.slice(0, axis).reduce((a, b) => a * b, 1);
  for (const index of indices) {
    for (let o = 0; o < outer; o++) {
      const first = (o * dims[axis]! + index) * inner;
      for (let i = 0; i < inner; i++) visit(first + i);
    }
  }
}
