import type { Model } from '@gossamer/graph';

/**
 * A sentence for each element type narrower than float32 in which trained weights were stored: how many of them moved by less than half a step of
 * their type, so that `after` holds what `before` did. `arrays`: the weights as they were trained.
 */
export function roundingWarnings(before: Model, after: Model, arrays: ReadonlyMap<string, Float32Array>): string[] {
  const counts = new Map<string, { lost: number; moved: number }>();
  for (const [name, data] of arrays) {
    const [old, stored] = [before, after].map(({ graph }) => graph.value(name)?.constant);
    if (!old || !stored || stored.dtype === 'float32' || stored.dtype === 'float64') continue;
    const count = counts.get(stored.dtype) ?? { lost: 0, moved: 0 };
    counts.set(stored.dtype, count);
    const [from, to] = [old.toFloat32(), stored.toFloat32()];
    data.forEach((w, i) => {
      if (w === from[i]) return;
      count.moved++;
      if (to[i] === from[i]) count.lost++;
    });
  }
  return [...counts]
    .filter(([, { lost }]) => lost > 0)
    .map(
      ([dtype, { lost, moved }]) =>
        `weights: ${lost} of ${moved} that training moved are stored as before: half a step of ${dtype} is more`,
    );
}
