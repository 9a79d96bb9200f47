import type { Model } from '@gossamer/graph';
import { groupsOf, type PruneUnit, removeUnits } from '@gossamer/prune';

/** Keeps `widths[i]` units of group i (of `groupsOf`, in its order): those of the largest product of the norm of the weights that make it and of those that read it. */
export function narrow(model: Model, widths: readonly number[]): Model {
  const gone = groupsOf(model).groups.flatMap(({ units }, i) => {
    const norms = units.map((unit) => norm(unit, 'output') * norm(unit, 'input'));
    const order = units.map((_, place) => place).sort((a, b) => norms[b]! - norms[a]! || a - b);
    return order.slice(widths[i]).map((place) => units[place]!);
  });
  return removeUnits(model, gone).model;
}

function norm({ members }: PruneUnit, role: 'output' | 'input'): number {
  let sum = 0;
  for (const { value, axis, indices, role: own } of members) {
    const { dims } = (value.constant ?? value.initializer)!;
    if (own !== role || dims.length < 2) continue;
    const data = (value.constant ?? value.initializer)!.toFloat32();
    const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    const outer = data.length / inner / dims[axis]!;
    for (let i = 0; i < outer; i++) {
      for (const index of indices) {
        const first = (i * dims[axis]! + index) * inner;
        for (let j = first; j < first + inner; j++) sum += data[j]! ** 2;
      }
    }
  }
  return Math.sqrt(sum);
}
