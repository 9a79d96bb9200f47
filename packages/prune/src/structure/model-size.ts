import { countMacs, type Model, type TypeTable } from '@gossamer/graph';
import type { UnitCost } from '../groups/unit-cost.js';

/** Elements of the constants of all scopes, and multiply-accumulates of one run. */
export function modelSize(model: Model, types: TypeTable): UnitCost {
  let parameters = 0;
  for (const scope of model.graph.scopes())
    for (const { constant } of scope.values()) parameters += constant?.length ?? 0;
  return { parameters, macs: countMacs(model, types).known };
}
