import {
  inferTypes,
  type LayerFilter,
  type Model,
  type Node,
  Tensor,
  tensorType,
  type TypeTable,
  type Value,
  type ValueType,
} from '@gossamer/graph';
import { type Dataset, toTrainingForm, type TrainingFormOptions } from '@gossamer/train';
import { clipBounds } from '../static/integer-rules.js';
import { findUnits, type Unit } from '../static/unit.js';

/** The units of a model that training can see quantized, and why the others stay in float. */
export interface AwareUnits {
  readonly units: readonly Unit[];
  readonly reasons: ReadonlyMap<Node, string>;
}

/** Types of all values for one sample of `dataset`. */
export function typesFor(model: Model, { arrays }: Dataset): TypeTable {
  const inputs: Record<string, ValueType> = {};
  for (const { name } of model.graph.inputs) {
    const array = arrays.get(name);
    if (array) inputs[name] = tensorType(array.dtype, [1, ...array.shape]);
  }
  return inferTypes(model, { inputs });
}

/**
 * The units whose fake quantization says exactly what their integer kernels will compute: every value they read or make has its name in the
 * training form, no operand but weight and bias is constant, and no layer in float shares their weights.
 */
export function findAwareUnits(
  model: Model,
  types: TypeTable,
  filter: LayerFilter,
  form: Omit<TrainingFormOptions, 'batch' | 'mode'>,
): AwareUnits {
  const found = findUnits(model.graph.nodes(), { opset: model.opset, types, filter, integerOnly: false });
  const reasons = new Map(found.reasons);
  const names = namesIn(model, form);
  let units = [...found.units];
  for (;;) {
    const readers = new Map(units.map((unit) => [unit.node, unit]));
    const bad = new Map(units.map((unit) => [unit, refusal(unit, names, readers)]));
    for (const [unit, reason] of bad) if (reason) reasons.set(unit.node, reason);
    const kept = units.filter((unit) => !bad.get(unit));
    if (kept.length === units.length) return { units, reasons };
    units = kept;
  }
}

/** Inputs and results of the training form. */
function namesIn(model: Model, options: Omit<TrainingFormOptions, 'batch' | 'mode'>): ReadonlySet<string> {
  const { graph } = toTrainingForm(model, { ...options, batch: 1, mode: 'evaluate' }).model;
  const made = [...graph.nodes()].flatMap(({ outputs }) => outputs.flatMap((value) => (value ? [value.name] : [])));
  return new Set([...graph.inputs.map(({ name }) => name), ...made]);
}

function refusal(unit: Unit, names: ReadonlySet<string>, units: ReadonlyMap<Node, Unit>): string | undefined {
  const { node, slots, weight, clip, outputs } = unit;
  const inputs = slots.map((slot) => node.input(slot)!);
  if (inputs.some(({ constant }) => constant)) return 'training would have to move a constant operand with its range';
  if (clip && clipBounds(clip)!.low !== 0) return `the ${clip.op} behind it begins below 0`;
  const trained = weight ? [node.input(1)!, ...(weight.bias ? [node.input(2)!] : [])] : [];
  const lost = [...inputs, ...outputs, ...trained].find(({ name }) => !names.has(name));
  if (lost) return 'the training form has no value of its own for what it reads or makes';
  return weight && isShared(unit, units)
    ? 'it shares its weight with a layer in float, or along another axis'
    : undefined;
}

function isShared({ node, weight }: Unit, units: ReadonlyMap<Node, Unit>): boolean {
  return node.input(1)!.uses.some(({ node: reader, index }) => {
    const other = units.get(reader);
    return other?.weight?.outAxis !== weight!.outAxis || index !== 1;
  });
}

/** Gives every unit a bias vector of its own, as long as its channels: what two layers share would be on two grids. */
export function ownBiases(units: readonly Unit[]): void {
  for (const { node, weight } of units) {
    if (!weight?.bias) continue;
    const bias = node.input(2)!;
    const channels = weight.shape[weight.outAxis]!;
    if (bias.initializer && bias.uses.length === 1 && bias.constant!.length === channels) continue;
    node.graph.setInput(node, 2, copyOf(bias, channels));
  }
}

function copyOf(bias: Value, channels: number): Value {
  const tensor = bias.constant!;
  const name = `${bias.name}_own`;
  if (tensor.length === channels) return bias.graph.addInitializer(name, tensor);
  const full = new Float32Array(channels).fill(tensor.toFloat32()[0]!);
  return bias.graph.addInitializer(name, Tensor.of('float32', [channels], full));
}
