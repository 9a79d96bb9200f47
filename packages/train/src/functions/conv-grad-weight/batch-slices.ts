import type { Formulation } from './formulation.js';

/** The sum of what `formulation` gives for `count` slices of the batch (fewer where it has fewer samples). */
export const inSlices =
  (formulation: Formulation, count: number): Formulation =>
  (g, x, dy, problem) => {
    const size = Math.ceil(problem.batch / count);
    if (size >= problem.batch) return formulation(g, x, dy, problem);
    const starts = Array.from({ length: Math.ceil(problem.batch / size) }, (_, i) => i * size);
    const sums = starts.map((start) => {
      const end = Math.min(problem.batch, start + size);
      const part = (value: typeof x) => g.slice(value, [0], [start], [end]);
      return formulation(g, part(x), part(dy), { ...problem, batch: end - start });
    });
    return sums.reduce((sum, value) => g.add(sum, value));
  };
