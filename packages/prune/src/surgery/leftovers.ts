import { type Model, type Node, type TypeTable, type Value } from '@gossamer/graph';
import { leftoverRule } from './leftover-rules.js';
import type { Removal } from './removal.js';
import { uniformValue } from './uniform-value.js';

/**
 * What masked units hold: for each axis of a value and each unit on it the one number that all its elements are, whatever the input; NaN where
 * that is not known.
 */
export class Leftovers {
  readonly #known = new Map<Value, Map<string, number>>();

  constructor(
    readonly model: Model,
    readonly removal: Removal,
    readonly types: TypeTable,
  ) {
    for (const node of model.graph.nodes()) if (!node.isStandard('Constant')) this.#follow(node);
  }

  /** On one axis; NaN where the unit is not on it. */
  on(value: Value, axis: number, unit: number): number {
    const key = `${axis}:${unit}`;
    const found = this.#known.get(value)?.get(key);
    if (found !== undefined) return found;
    const owners = value.constant && this.removal.owners(value, axis);
    const number = owners ? uniformValue(value.constant, axis, (i) => owners[i] === unit) : NaN;
    this.#note(value, key, number);
    return number;
  }

  /** On all its axes, where they agree; undefined where the value has no part in the unit. */
  at(value: Value, unit: number): number | undefined {
    let common: number | undefined;
    for (const axis of this.removal.axes(value)) {
      if (!this.removal.owners(value, axis)!.includes(unit)) continue;
      const own = this.on(value, axis, unit);
      if (common !== undefined && !Object.is(common, own)) return NaN;
      common = own;
    }
    return common;
  }

  #follow(node: Node): void {
    const rule = leftoverRule(node);
    for (const output of node.outputs) {
      for (const axis of output ? this.removal.axes(output) : []) {
        for (const unit of this.removal.unitsOf(output!, axis)) {
          // -0 and 0 are one number here.
          const number = rule ? rule({ node, output: output!, axis, unit, leftovers: this }) + 0 : NaN;
          this.#note(output!, `${axis}:${unit}`, number);
        }
      }
    }
  }

  #note(value: Value, key: string, number: number): void {
    const known = this.#known.get(value) ?? new Map<string, number>();
    this.#known.set(value, known.set(key, number));
  }
}
