import type { LayerFilter, Model, Node } from '@gossamer/graph';
import type { Calibration, Range } from '@gossamer/runtime';
import type { Dataset, TrainingFormOptions } from '@gossamer/train';
import { makeStaticPlan, type StaticPlan } from '../static/static-plan.js';
import type { Unit } from '../static/unit.js';
import { findAwareUnits, typesFor } from './aware-units.js';
import { activationMax, type ActivationGrid } from './grids.js';

/** What decides which nodes are quantized: the same for the model before training and after it. */
export interface AwareContext {
  readonly dataset: Dataset;
  readonly filter: LayerFilter;
  readonly form: Omit<TrainingFormOptions, 'batch' | 'mode'>;
}

export interface AwarePlan {
  readonly plan: StaticPlan;
  /** Why nodes stay in float. */
  readonly reasons: ReadonlyMap<Node, string>;
}

/** Narrower than what any Clip lets through: grids are later made to fit within it. */
const NARROW = { min: 0, max: 2 ** -60 };

/** The plan that training sees; what it observed decides nothing but whether a value has any range. */
export function observedPlan(units: readonly Unit[], found: AwarePlan['reasons'], calibration: Calibration): AwarePlan {
  return planOf(units, found, ({ name }) => {
    const statistics = calibration.statistics.get(name);
    return statistics && statistics.max >= statistics.min ? NARROW : undefined;
  });
}

/** The same plan of the trained model, whose activations are on `grids`. */
export function learnedPlan(model: Model, context: AwareContext, grids: readonly ActivationGrid[]): AwarePlan {
  const { units, reasons } = findAwareUnits(model, typesFor(model, context.dataset), context.filter, context.form);
  const known = new Map(grids.map((grid) => [grid.value, grid]));
  const { plan, reasons: all } = planOf(units, reasons, ({ name }) => {
    const grid = known.get(name);
    if (!grid) return undefined;
    const { scale, zeroPoint, bits } = grid;
    return { min: -zeroPoint * scale, max: (activationMax(bits) - zeroPoint) * scale };
  });
  const learned: StaticPlan = {
    ...plan,
    params: (value) => {
      const { scale, zeroPoint, bits } = known.get(plan.root(value).name)!;
      return { dtype: 'uint8', scale, zeroPoint, quantMax: activationMax(bits) };
    },
  };
  return { plan: learned, reasons: all };
}

function planOf(
  units: readonly Unit[],
  found: ReadonlyMap<Node, string>,
  rangeOf: (value: { readonly name: string }) => Range | undefined,
): AwarePlan {
  const dropped = new Map<Unit, string>();
  const plan = makeStaticPlan(units, rangeOf, 'uint8', dropped);
  return { plan, reasons: new Map([...found, ...[...dropped].map(([{ node }, reason]) => [node, reason] as const)]) };
}
