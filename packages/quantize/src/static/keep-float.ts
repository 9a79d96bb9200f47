import type { Model } from '@gossamer/graph';
import type { QualityGoal } from './quality-goal.js';

/** Builds the quantized model with the layers in `kept` left in float. */
export type BuildModel = (kept: ReadonlySet<string>) => Promise<Model>;

export interface KeepFloatResult {
  /** Ids of the layers that go back to float. */
  readonly kept: ReadonlySet<string>;
  /** What is reached, as the goal measures it, before and after. */
  readonly before: number;
  readonly after: number;
}

/**
 * Finds how many of `worstFirst` have to stay in float until the goal is reached: the fewest, by bisection, since each layer
 * left in float takes its noise away. With all of them in float and the target still missed, all stay.
 */
export async function findKeptFloat(
  worstFirst: readonly string[],
  build: BuildModel,
  goal: QualityGoal,
  options: { signal?: AbortSignal | undefined; onStep?: () => void } = {},
): Promise<KeepFloatResult> {
  const measured = new Map<number, number>();
  const quality = async (count: number) => {
    const known = measured.get(count);
    if (known !== undefined) return known;
    options.signal?.throwIfAborted();
    const reached = await goal.measure(await build(new Set(worstFirst.slice(0, count))));
    measured.set(count, reached);
    options.onStep?.();
    return reached;
  };
  const before = await quality(0);
  if (before >= goal.target) return { kept: new Set(), before, after: before };
  // Invariant: `low` layers in float miss the target; `high` reach it, or are all there are.
  let low = 0;
  let high = worstFirst.length;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((await quality(middle)) >= goal.target) high = middle;
    else low = middle;
  }
  return { kept: new Set(worstFirst.slice(0, high)), before, after: await quality(high) };
}
