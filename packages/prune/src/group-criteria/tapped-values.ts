import type { Value } from '@gossamer/graph';
import type { AxisSlice, PruneUnit } from '../groups/prune-group.js';

/**
 * Where a group's units are looked at: the activations that its readers read (behind the norm and the activation function, before what only pools or
 * reshapes them); where no layer sums over them, all activations they are part of. Places in `slices` of every unit of the group.
 */
export function tappedSlices({ slices, members }: PruneUnit): number[] {
  const weights = new Set<Value>(members.filter(({ role }) => role === 'input').map(({ value }) => value));
  const activations = [...slices.keys()].filter((i) => !slices[i]!.value.constant);
  const isRead = ({ value }: AxisSlice) =>
    value.uses.some(({ node, index }) =>
      node.inputs.some((input, i) => i !== index && input && leadsTo(input, weights)),
    );
  const places = new Map(activations.map((i) => [slices[i]!.value, i]));
  const read = activations
    .filter((i) => isRead(slices[i]!))
    .map((i) => places.get(beforePools(slices[i]!.value, places))!);
  return read.length > 0 ? [...new Set(read)] : activations;
}

/** What leaves the values of a map, or means and maxima of them. */
const PASSED: ReadonlySet<string> = new Set([
  ...['GlobalAveragePool', 'AveragePool', 'GlobalMaxPool', 'MaxPool', 'ReduceMean', 'ReduceMax'],
  ...['Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Identity', 'Dropout'],
]);

function beforePools(value: Value, places: ReadonlyMap<Value, number>): Value {
  const from = value.producer && PASSED.has(value.producer.op) ? value.producer.input(0) : undefined;
  return from && places.has(from) ? beforePools(from, places) : value;
}

/** True for a matrix among `weights`, or one made of it by a Cast, a Transpose or a DequantizeLinear. */
function leadsTo(value: Value, weights: ReadonlySet<Value>): boolean {
  if (weights.has(value)) return value.constant!.dims.length > 1;
  const { producer } = value;
  const isChain = producer && ['Cast', 'Transpose', 'DequantizeLinear', 'Reshape'].includes(producer.op);
  return isChain === true && producer.input(0) !== undefined && leadsTo(producer.input(0)!, weights);
}
