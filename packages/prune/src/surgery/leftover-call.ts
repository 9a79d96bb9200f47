import type { Model, Node, TypeTable, Value } from '@gossamer/graph';
import type { Removal } from './removal.js';

/** What masked units hold in the values that are known so far; NaN: no one number. */
export interface KnownLeftovers {
  readonly model: Model;
  readonly removal: Removal;
  readonly types: TypeTable;
  /** On one axis; NaN where the unit is not on it. */
  on(value: Value, axis: number, unit: number): number;
  /** On all its axes, where they agree; undefined where the value has no part in the unit. */
  at(value: Value, unit: number): number | undefined;
}

/** One unit on one axis of one output. */
export interface LeftoverCall {
  readonly node: Node;
  readonly output: Value;
  readonly axis: number;
  readonly unit: number;
  readonly leftovers: KnownLeftovers;
}
