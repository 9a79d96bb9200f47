import { Tensor, type Value } from '@gossamer/graph';
import {
  affineFromRange,
  calibrate,
  type Calibration,
  chooseRange,
  type DataSource,
  dataFromArrays,
} from '@gossamer/runtime';
import { type Dataset, newArray } from '@gossamer/train';
import type { StaticPlan } from '../static/static-plan.js';
import { clipBounds } from '../static/integer-rules.js';
import { type Unit } from '../static/unit.js';
import { weightData } from '../weights/float-data.js';
import { type ActivationGrid, activationMax, type BiasGrid, type Grids, type WeightGrid } from './grids.js';
import { fitWeightScales } from './fit-weight-scales.js';

/** Bits by what a grid is for. */
export interface GridBits {
  readonly weight: number;
  readonly activation: number;
  /** Of the first and the last layer. */
  readonly edge: number;
}

/** Bits of what no product reads: sums, means. */
const OTHER_BITS = 8;

/** `count` samples that lie evenly among those of `dataset`, as calibration data. */
export function samplesOf(dataset: Dataset, inputs: readonly string[], count: number): DataSource {
  const length = Math.min(count, dataset.length);
  const indices = Uint32Array.from({ length }, (_, i) => Math.floor((i * dataset.length) / length));
  const arrays = inputs.flatMap((name) => {
    const array = dataset.arrays.get(name);
    if (!array) return [];
    const size = array.shape.reduce((a, b) => a * b, 1);
    return [{ name, dims: [length, ...array.shape], dtype: array.dtype, data: newArray(array.dtype, length * size) }];
  });
  dataset.read(indices, Object.fromEntries(arrays.map(({ name, data }) => [name, data])));
  return dataFromArrays(
    Object.fromEntries(arrays.map(({ name, dtype, dims, data }) => [name, Tensor.of(dtype, dims, data)])),
  );
}

/** Statistics of what `values` are in the float model. */
export async function observe(
  model: Parameters<typeof calibrate>[0],
  values: readonly Value[],
  data: DataSource,
  options: { readonly threads?: number; readonly signal?: AbortSignal },
): Promise<Calibration> {
  return calibrate(model, values, data, { histogram: true, ...options });
}

/** The grids that training begins with: those of the least squared error of weights and of observed activations. */
export function firstGrids(plan: StaticPlan, { statistics }: Calibration, bits: GridBits, perAxis: boolean): Grids {
  const layers = plan.units.filter(({ weight }) => weight);
  const edges = new Set([layers[0], layers.at(-1)]);
  const weights = new Map<string, WeightGrid>();
  const biases: BiasGrid[] = [];
  for (const unit of layers) {
    const { node, weight } = unit;
    const value = node.input(1)!.name;
    const own = edges.has(unit) ? bits.edge : bits.weight;
    const known = weights.get(value);
    if (!known || known.bits < own) weights.set(value, weightGrid(unit, own, perAxis));
    if (!weight!.bias || node.op === 'MatMul') continue;
    const activation = plan.root(plan.inputs.get(unit)![0]!).name;
    biases.push({ value: node.input(2)!.name, activation, weight: value, alpha: alphaOf(unit) });
  }
  const activations = rootsOf(plan).map(([root, readers]): ActivationGrid => {
    const products = readers.filter(({ kind }) => kind === 'compute');
    const inner = products.filter((unit) => !edges.has(unit));
    const own = inner.length > 0 ? bits.activation : products.length > 0 ? bits.edge : OTHER_BITS;
    const quantMax = activationMax(own);
    const clip = plan.producers.get(root)?.clip;
    const high = clip ? clipBounds(clip)!.high : Infinity;
    const range = chooseRange(statistics.get(root.name)!, { calibrator: 'mse', bits: own, mapping: 'asymmetric' });
    const first = affineFromRange(
      { min: range.min, max: Math.min(range.max, high) },
      { quantMin: 0, quantMax, mapping: 'asymmetric' },
    );
    return {
      ...{ value: root.name, bits: own, ...first, isSigned: range.min < 0, isMade: plan.producers.has(root) },
      ...(high < Infinity ? { maxScale: high / quantMax } : {}),
    };
  });
  return { activations, weights: [...weights.values()], biases };
}

/** Every value that codes are made of, with the units that read its codes, behind moves too. */
function rootsOf(plan: StaticPlan): (readonly [Value, readonly Unit[]])[] {
  const readers = new Map<Value, Unit[]>();
  const add = (value: Value, unit?: Unit) => {
    const root = plan.root(value);
    readers.set(root, [...(readers.get(root) ?? []), ...(unit ? [unit] : [])]);
  };
  for (const unit of plan.units) {
    for (const value of plan.inputs.get(unit)!) add(value, unit);
    if (!plan.givesFloat(unit)) for (const value of unit.outputs) add(value);
  }
  return [...readers];
}

function weightGrid({ node, weight }: Unit, bits: number, perAxis: boolean): WeightGrid {
  const { shape, outAxis } = weight!;
  const axis = perAxis ? outAxis : undefined;
  return {
    value: node.input(1)!.name,
    bits,
    shape,
    axis,
    scales: fitWeightScales(weightData(weight!), shape, axis, bits),
  };
}

/** What Gemm multiplies its product by, before the bias. */
export const alphaOf = ({ node }: Unit): number => (node.op === 'Gemm' ? node.float('alpha', 1) : 1);
