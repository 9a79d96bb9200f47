import type { Model, Node, Value } from '@gossamer/graph';
import type { Layer } from '../layers.js';

/** What may follow a layer and belong to it: bias, normalisation with constants, activation. */
const FOLLOWERS: ReadonlySet<string> = new Set(['Add', 'Mul', 'Relu', 'Clip', 'BatchNormalization']);
const MOST_FOLLOWERS = 4;

/** Where a layer's result is seen: the last value that belongs to it and that both models have; `inner`: those before. */
export interface LayerOutput {
  readonly name: string;
  readonly inner: readonly string[];
}

/** The result of a layer of the main graph under the name that the other model has too; undefined where it has none. */
export function layerOutput({ node }: Layer, other: Model): LayerOutput | undefined {
  if (node.graph.owner !== undefined) return undefined;
  const chain: Value[] = [];
  let value = node.outputs.find((item) => item !== undefined);
  for (let step = 0; value && step <= MOST_FOLLOWERS; step++) {
    chain.push(value);
    const next = follower(value);
    value = next?.outputs[0];
  }
  const shared = chain.filter(({ name }) => isComputed(other, name)).map(({ name }) => name);
  const name = shared.at(-1);
  return name === undefined ? undefined : { name, inner: shared.slice(0, -1) };
}

/** The only reader of a value, if it works on it and constants alone. */
function follower(value: Value): Node | undefined {
  const [use] = value.uses;
  if (value.isOutput || value.uses.length !== 1 || !use || !FOLLOWERS.has(use.node.op)) return undefined;
  return use.node.inputs.every((input) => input === value || !input || input.constant) ? use.node : undefined;
}

export const isComputed = (model: Model, name: string): boolean => model.graph.value(name)?.producer !== undefined;
