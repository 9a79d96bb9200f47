import type { Model, Value } from '@gossamer/graph';
import type { PruneUnit } from '../groups/prune-group.js';
import { findValue } from './find-value.js';
import { twinScope } from './twin-scope.js';

/** Which elements of which axes go, and with which unit, by the values of one model (a copy of that of the units: values are found by scope and name). */
export class Removal {
  readonly #units = new Map<Value, Map<number, Int32Array>>();

  /** `lengthOf` gives the length of an axis. Throws ERR_PRUNE_REMOVAL for a unit of another model. */
  constructor(model: Model, units: readonly PruneUnit[], lengthOf: (value: Value, axis: number) => number | undefined) {
    const twin = twinScope(model);
    units.forEach(({ slices }, unit) => {
      for (const slice of slices) {
        const { axis, indices } = slice;
        const { value, length } = findValue(twin, slice, (found) => lengthOf(found, axis));
        const axes = this.#units.get(value) ?? new Map<number, Int32Array>();
        this.#units.set(value, axes);
        const owners = axes.get(axis) ?? new Int32Array(length).fill(-1);
        axes.set(axis, owners);
        for (const index of indices) owners[index] = unit;
      }
    });
  }

  values(): IterableIterator<Value> {
    return this.#units.keys();
  }

  /** Axes of a value that shrink. */
  axes(value: Value): number[] {
    return [...(this.#units.get(value)?.keys() ?? [])];
  }

  /** For each element of an axis the unit it goes with, or -1; undefined where all stay. */
  owners(value: Value, axis: number): Int32Array | undefined {
    return this.#units.get(value)?.get(axis);
  }

  /** Elements that stay, ascending; undefined where all do. */
  kept(value: Value, axis: number): Int32Array | undefined {
    const owners = this.owners(value, axis);
    return owners && Int32Array.from(owners.keys()).filter((i) => owners[i] === -1);
  }

  /** What an axis of `length` has afterwards. */
  newLength<T>(value: Value, axis: number, length: T): T | number {
    return this.kept(value, axis)?.length ?? length;
  }

  /** Units on an axis, in the order in which they come. */
  unitsOf(value: Value, axis: number): Set<number> {
    const units = new Set(this.owners(value, axis));
    units.delete(-1);
    return units;
  }

  /** Makes an axis of a value made meanwhile shrink as one of another value does. */
  follow(value: Value, axis: number, like: Value, likeAxis: number): void {
    const owners = this.owners(like, likeAxis);
    if (!owners) return;
    const axes = this.#units.get(value) ?? new Map<number, Int32Array>();
    this.#units.set(value, axes.set(axis, owners));
  }
}
