import type { Graph } from '../ir/graph.js';
import type { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';

/**
 * Adds the weights of `bodies`, which are to become branches of one graph, to that `graph`, equal ones once; returns what each becomes
 * there. Scalars, and shapes (one axis of int32 or int64), stay where they are: ONNX Runtime infers shapes from those of a branch only. No name is one of
 * `reserved`.  * Hashes what shares dtype, dims and size with another.
 */
export function placeInitializers(
  graph: Graph,
  bodies: readonly Graph[],
  reserved: readonly string[] = [],
): Map<Value, Value> {
  const weights = bodies.flatMap((body) => [...body.initializers()].filter(isWeight));
  const counts = new Map<string, number>();
  for (const { initializer } of weights) counts.set(formOf(initializer!), (counts.get(formOf(initializer!)) ?? 0) + 1);
  const groups = new Map<string | Value, Value[]>();
  for (const value of weights) {
    const key = counts.get(formOf(value.initializer!)) === 1 ? value : value.initializer!.hash();
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  const inside = namesInside(bodies);
  const placed = new Map<Value, Value>();
  for (const group of groups.values()) {
    const [first] = group as [Value];
    const name = freeName(first.name, (candidate) => {
      if (reserved.includes(candidate)) return false;
      const meant = inside.get(candidate) ?? [];
      return graph.value(candidate) === undefined && meant.every((value) => group.includes(value));
    });
    const outer = graph.declare(name, first.type);
    graph.setInitializer(outer, first.initializer);
    for (const value of group) placed.set(value, outer);
  }
  return placed;
}

function isWeight({ initializer }: Value): boolean {
  if (!initializer || initializer.dims.length === 0) return false;
  return initializer.dims.length > 1 || (initializer.dtype !== 'int64' && initializer.dtype !== 'int32');
}

const formOf = ({ dtype, dims, byteLength }: Tensor): string => `${dtype}[${dims.join(',')}] ${byteLength}`;

/** Every value by its name, over all scopes of the bodies. */
function namesInside(bodies: readonly Graph[]): Map<string, Value[]> {
  const names = new Map<string, Value[]>();
  for (const body of bodies) {
    for (const scope of body.scopes()) {
      for (const value of scope.values()) {
        const known = names.get(value.name);
        if (known) known.push(value);
        else names.set(value.name, [value]);
      }
    }
  }
  return names;
}

function freeName(base: string, isFree: (name: string) => boolean): string {
  if (isFree(base)) return base;
  for (let i = 0; ; i++) {
    const name = `${base}_merged${i === 0 ? '' : `_${i}`}`;
    if (isFree(name)) return name;
  }
}
