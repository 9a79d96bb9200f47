import type { Formulation } from './formulation.js';

/** The sum of what `formulation` gives for slices of the batch: what one slice needs stays in the cache. `slices` divides the batch. */
export const inSlices =
  (formulation: Formulation, slices: number): Formulation =>
  (g, x, dy, problem) => {
    const size = problem.batch / slices;
    const part = (value: typeof x, i: number) => g.slice(value, [0], [i * size], [(i + 1) * size]);
    return Array.from({ length: slices }, (_, i) =>
      formulation(g, part(x, i), part(dy, i), { ...problem, batch: size }),
    ).reduce((sum, value) => g.add(sum, value));
  };
