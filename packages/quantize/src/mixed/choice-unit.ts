import {
  fromWeightMatrix,
  type LayerFilter,
  type Model,
  toWeightMatrix,
  type Value,
  weightLayout,
  type WeightView,
} from '@gossamer/graph';
import { dequantizeMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { findLayers, refuseLayer } from '../layers.js';
import type { WeightOption } from './weight-option.js';

/** Fewer elements than these are not worth codes and scales. */
const LEAST_ELEMENTS = 256;

/** Layers that one choice is made for: one layer, or several that read the same stored weights. */
export interface ChoiceUnit {
  /** Id of the first layer. */
  readonly id: string;
  /** Ids of all. */
  readonly layers: readonly string[];
  /** One view of each stored tensor. */
  readonly views: readonly WeightView[];
  readonly elements: number;
}

/** What can be given bits, in graph order: float32 weights that nothing excludes and that are not tiny. */
export function findChoiceUnits(model: Model, filter: LayerFilter): ChoiceUnit[] {
  const units: { layers: string[]; views: WeightView[]; sources: Set<Value> }[] = [];
  for (const layer of findLayers(model)) {
    if (filter(layer.node) ?? refuseLayer(layer)) continue;
    const views = layer.views.filter(({ stored }) => stored.length >= LEAST_ELEMENTS);
    if (views.length === 0) continue;
    const known = units.find(({ sources }) => views.some(({ source }) => sources.has(source)));
    const unit = known ?? { layers: [], views: [], sources: new Set<Value>() };
    if (!known) units.push(unit);
    unit.layers.push(layer.node.id);
    for (const view of views) {
      if (unit.sources.has(view.source)) continue;
      unit.sources.add(view.source);
      unit.views.push(view);
    }
  }
  return units.map(({ layers, views }) => ({
    ...{ id: layers[0]!, layers, views },
    elements: views.reduce((sum, { stored }) => sum + stored.length, 0),
  }));
}

/** Bytes that the weights of a unit take. */
export function unitBytes(unit: ChoiceUnit, option: WeightOption): number {
  if (!option.fit) return unit.views.reduce((sum, { stored }) => sum + stored.byteLength, 0);
  return unit.views.reduce((sum, view) => {
    const { groups, rows, columns } = weightLayout(view);
    return sum + groups * option.bytes(rows, columns);
  }, 0);
}

/** The weight of `view` as it is when stored so: row-major, as the node sees it. */
export function simulateWeight(view: WeightView, option: WeightOption): Float32Array {
  if (!option.fit) return view.toFloat32();
  const { groups, rows, columns, data } = toWeightMatrix(view);
  const values = new Float32Array(data.length);
  const size = rows * columns;
  for (let group = 0; group < groups; group++) {
    const matrix = data.subarray(group * size, (group + 1) * size);
    values.set(dequantizeMatrix(roundToGrid(matrix, option.fit(rows, columns, matrix))), group * size);
  }
  return fromWeightMatrix(view, values);
}

/** A copy of `model` (whose weights units were found in, or a copy of that) in which some units have the values of their options. */
export function simulateUnits(model: Model, options: ReadonlyMap<ChoiceUnit, WeightOption>): Model {
  const copy = model.clone();
  const places = new Map(
    [...options].flatMap(([unit, option]) => unit.views.map((view) => [placeOf(view), { view, option }])),
  );
  for (const { views } of findLayers(copy)) {
    for (const target of views) {
      const place = places.get(placeOf(target));
      if (place) target.write(simulateWeight(place.view, place.option));
    }
  }
  return copy;
}

const placeOf = ({ layerId, inputIndex }: WeightView): string => `${inputIndex} of ${layerId}`;
