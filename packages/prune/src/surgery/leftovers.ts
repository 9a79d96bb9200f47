import { type Graph, type Model, type Node, type TypeTable, type Value } from '@gossamer/graph';
import type { KnownLeftovers } from './leftover-call.js';
import { leftoverRule } from './leftover-rules.js';
import type { Removal } from './removal.js';
import { uniformSlices } from './uniform-value.js';

/**
 * What masked units hold: for each axis of a value and each unit on it the one number that all its elements are, whatever the input; NaN where
 * that is not known.
 */
export class Leftovers implements KnownLeftovers {
  readonly #known = new Map<Value, Map<number, Map<number, number>>>();

  constructor(
    readonly model: Model,
    readonly removal: Removal,
    readonly types: TypeTable,
  ) {
    this.#walk(model.graph);
  }

  on(value: Value, axis: number, unit: number): number {
    if (value.constant) this.#readConstant(value, axis);
    return this.#known.get(value)?.get(axis)?.get(unit) ?? NaN;
  }

  at(value: Value, unit: number): number | undefined {
    if (value.constant) for (const axis of this.removal.axes(value)) this.#readConstant(value, axis);
    let common: number | undefined;
    for (const units of this.#known.get(value)?.values() ?? []) {
      const own = units.get(unit);
      if (own === undefined) continue;
      if (common !== undefined && !Object.is(common, own)) return NaN;
      common = own;
    }
    return common;
  }

  /** Once, when it is asked for: most weights are never looked at along both axes. */
  #readConstant(value: Value, axis: number): void {
    const known = this.#known.get(value) ?? new Map<number, Map<number, number>>();
    this.#known.set(value, known);
    const owners = this.removal.owners(value, axis);
    if (owners && !known.has(axis)) known.set(axis, uniformSlices(value.constant!, axis, owners));
  }

  /** Bodies before their node, which gives out what they make. */
  #walk(scope: Graph): void {
    for (const node of scope.nodes()) {
      for (const body of node.subgraphs()) this.#walk(body);
      if (!node.isStandard('Constant')) this.#follow(node);
    }
  }

  #follow(node: Node): void {
    const rule = leftoverRule(node);
    for (const output of node.outputs) {
      if (!output) continue;
      const axes = new Map<number, Map<number, number>>();
      for (const axis of this.removal.axes(output)) {
        const units = new Map<number, number>();
        for (const unit of this.removal.unitsOf(output, axis)) {
          // -0 and 0 are one number here.
          units.set(unit, rule ? rule({ node, output, axis, unit, leftovers: this }) + 0 : NaN);
        }
        axes.set(axis, units);
      }
      this.#known.set(output, axes);
    }
  }
}
