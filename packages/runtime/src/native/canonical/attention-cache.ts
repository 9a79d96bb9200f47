import { attribute, type Node, Tensor, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { addBefore } from '../edit/node-edits.js';

/** Where an attention takes its cache: slots of the past keys and values; the present ones are its outputs 1 and 2. */
export type PastSlots = readonly [key: number, value: number];

/** Keys and values an attention reads, [batch, heads, positions, size] where there is a cache. */
export interface Cached {
  readonly keys: Value;
  readonly values: Value;
  readonly hasCache: boolean;
}

/**
 * The cache of an attention becomes operators of its own: new keys and values by heads, and a Concat behind the past ones, which gives the
 * present ones; where they are a state, the engine appends in place. Undefined where it is not that plain: `node` is then as it was.
 */
export function takeCache(node: Node, slots: PastSlots, heads: number, compilation: Compilation): Cached | undefined {
  const fresh = [node.input(1)!, node.input(2)!];
  const past = slots.map((slot) => node.input(slot));
  const present = [node.outputs[1], node.outputs[2]];
  const isRead = (value: Value | undefined) => value !== undefined && (value.uses.length > 0 || value.isOutput);
  if (past.every((value) => !value) && !present.some(isRead)) {
    return { keys: fresh[0]!, values: fresh[1]!, hasCache: false };
  }
  const ranks = fresh.map((value) => compilation.rankOf(value));
  if (!ranks.every((rank) => rank === 4 || (rank === 3 && heads > 0))) return undefined;
  if (past.some((value) => value === undefined) !== past.every((value) => value === undefined)) return undefined;
  const [keys, values] = fresh.map((value, part) => {
    const byHeads = ranks[part] === 4 ? value : splitHeads(node, value, heads, compilation);
    return follow(node, past[part], byHeads, present[part], compilation);
  }) as [Value, Value];
  return { keys, values, hasCache: true };
}

/** [batch, positions, heads · size] as [batch, heads, positions, size]. */
function splitHeads(node: Node, x: Value, heads: number, compilation: Compilation): Value {
  const [batch, positions, width] = compilation.shapeOf(x) ?? [];
  const size = typeof width === 'number' ? width / heads : -1;
  const dims = compilation.graph.addInitializer('heads', Tensor.fromNumbers('int64', [4], [0, 0, heads, size]));
  const dtype = compilation.dtypeOf(x);
  const known = size === -1 ? undefined : size;
  const split = addBefore(
    compilation,
    node,
    { op: 'Reshape', domain: '', inputs: [x, dims], attributes: { allowzero: attribute.int(0) } },
    { name: `${x.name}_split`, dtype, shape: [batch, positions, heads, known] },
  );
  return addBefore(
    compilation,
    node,
    { op: 'Transpose', domain: '', inputs: [split], attributes: { perm: attribute.ints([0, 2, 1, 3]) } },
    { name: `${x.name}_heads`, dtype, shape: [batch, heads, positions, known] },
  );
}

/** `fresh` behind `past`, made under the name of `present` where the attention gave that. */
function follow(
  node: Node,
  past: Value | undefined,
  fresh: Value,
  present: Value | undefined,
  compilation: Compilation,
): Value {
  const inputs = past ? [past, fresh] : [fresh];
  const [batch, heads, , size] = compilation.shapeOf(fresh) ?? [];
  const spec = { op: 'Concat', domain: '', inputs, attributes: { axis: attribute.int(2) } };
  const result = {
    name: `${fresh.name}_all`,
    dtype: compilation.dtypeOf(fresh),
    shape: [batch, heads, undefined, size],
  };
  const all = addBefore(compilation, node, spec, result);
  if (!present) return all;
  const { graph } = compilation;
  graph.detachOutput(present, `${present.name}_before`);
  graph.setOutput(all.producer!, 0, present);
  if (compilation.rankOf(present) === undefined) compilation.setType(present, result.dtype, result.shape);
  return present;
}
