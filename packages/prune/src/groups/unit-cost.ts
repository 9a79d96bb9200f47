import { countMacs, type Dim, inferTypes, type Model, TypeTable, type Value } from '@gossamer/graph';
import type { PruneUnit } from './prune-group.js';

/** What a model has less without units. */
export interface UnitCost {
  /** Elements of constants. */
  readonly parameters: number;
  /** Multiply-accumulates of one run, unbound symbols taken as 1; layers whose count is not known do not count. */
  readonly macs: number;
}

/** What the removal of one unit saves; all units of a group save the same. O(nodes): ask once a group. */
export function unitCost(model: Model, unit: PruneUnit, types: TypeTable = inferTypes(model)): UnitCost {
  return unitsCost(model, [unit], types);
}

/** What the removal of all of `units` saves: less than the sum of what each saves where one layer reads another. */
export function unitsCost(model: Model, units: Iterable<PruneUnit>, types: TypeTable): UnitCost {
  const shapes = new Map<Value, Dim[]>();
  for (const { slices } of units) {
    for (const { value, axis, indices } of slices) {
      const shape = shapes.get(value) ?? [...(types.shapeOf(value) ?? value.constant!.dims)];
      shapes.set(value, shape);
      shape[axis] = (shape[axis] as number) - indices.length;
    }
  }
  const lookup = (value: Value) => {
    const type = types.typeOf(value);
    const shape = shapes.get(value);
    return type && { type: shape && 'shape' in type ? { ...type, shape } : type };
  };
  const smaller = new TypeTable(lookup, [], types.bindings);
  let parameters = 0;
  for (const [value, shape] of shapes) {
    if (value.constant) parameters += value.constant.length - shape.reduce<number>((a, b) => a * (b as number), 1);
  }
  return { parameters, macs: countMacs(model, types).known - countMacs(model, smaller).known };
}
