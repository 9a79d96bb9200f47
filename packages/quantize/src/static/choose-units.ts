import type { ActivationDtype } from '../choices.js';
import type { LayerFilter, Model, TypeTable } from '@gossamer/graph';
import { withoutFloatEnds } from '../integer-only/float-parts.js';

import type { ResolvedOptions } from '../resolved-options.js';
import { chooseRegions } from './choose-regions.js';
import { findUnits, type StaticChoice } from './unit.js';

/** Chooses the units of the main graph that run in integers. */
export function chooseUnits(
  model: Model,
  types: TypeTable,
  options: ResolvedOptions,
  filter: LayerFilter,
): StaticChoice {
  const context = { opset: model.opset, types, filter, integerOnly: options.integerOnly };
  const { units, reasons } = findUnits(model.graph.nodes(), context);
  const all = new Map(reasons);
  if (options.integerOnly) return { units: withoutFloatEnds(model, units, all), reasons: all };
  // Its costs are those of 8-bit kernels.
  if (!options.costModel || isWide(options.activations)) return { units, reasons: all };
  const regions = chooseRegions(units, context);
  for (const [unit, reason] of regions.reasons) all.set(unit.node, reason);
  return { units: units.filter((unit) => regions.integer.has(unit)), reasons: all };
}

/** 16 bits: no CPU kernel computes on them. */
export const isWide = (dtype: ActivationDtype): boolean => dtype.endsWith('16');
