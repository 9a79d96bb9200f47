import type { Allocation, BitOption } from './allocate-bits.js';

export interface RepairedChoice {
  /** Index of the option of each layer. */
  readonly choice: readonly number[];
  /** The metric, lower is better: of the best choice that was given, and of this one. */
  readonly before: number;
  readonly after: number;
  /** Choices measured. */
  readonly measured: number;
}

export interface RepairLimits {
  readonly budget: number;
  /** Choices measured at most, at least the first. */
  readonly repairs: number;
  /** Whether a choice keeps to other limits. Default: all do. */
  readonly fits?: (choice: readonly number[]) => boolean;
}

/**
 * Predicted losses do not add up where bits are few: improves a choice by the true metric. Measures the allocation and every uniform choice within the
 * budget, then goes on from the best: one layer up, or one up and another down, those first that cost least predicted loss; a step that improves the metric is taken
 * at once. Ends where none does, or after `repairs` measurements. Deterministic.
 */
export async function repairChoice(
  layers: readonly (readonly BitOption[])[],
  allocation: Pick<Allocation, 'choice'>,
  measure: (choice: readonly number[]) => Promise<number>,
  { budget, repairs, fits = () => true }: RepairLimits,
): Promise<RepairedChoice> {
  const seen = new Map<string, number>();
  const metricOf = async (choice: readonly number[]) => {
    const key = choice.join();
    const value = seen.get(key) ?? (await measure(choice));
    seen.set(key, value);
    return value;
  };
  let choice = allocation.choice;
  let value = await metricOf(choice);
  for (const other of uniformChoices(layers)) {
    if (seen.size >= repairs || costOf(layers, other) > budget || !fits(other)) continue;
    const its = await metricOf(other);
    if (its < value) [choice, value] = [other, its];
  }
  const before = value;
  for (let improved = true; improved;) {
    improved = false;
    for (const next of neighbours(layers, choice, budget)) {
      if (!fits(next)) continue;
      if (seen.size >= repairs && !seen.has(next.join())) break;
      const its = await metricOf(next);
      if (!(its < value)) continue;
      [choice, value, improved] = [next, its, true];
      break;
    }
  }
  return { choice, before, after: value, measured: seen.size };
}

const costOf = (layers: readonly (readonly BitOption[])[], choice: readonly number[]): number =>
  choice.reduce((sum, option, layer) => sum + layers[layer]![option]!.cost, 0);

function uniformChoices(layers: readonly (readonly BitOption[])[]): number[][] {
  return (layers[0] ?? []).map((_, option) => layers.map(() => option));
}

/** Choices one step away within the budget: least predicted loss first. */
function neighbours(layers: readonly (readonly BitOption[])[], choice: readonly number[], budget: number): number[][] {
  const spent = costOf(layers, choice);
  const moves = layers.flatMap((options, layer) => {
    const now = options[choice[layer]!]!;
    return options.flatMap(({ cost, omega }, option) =>
      option === choice[layer] ? [] : [{ layer, option, cost: cost - now.cost, omega: omega - now.omega }],
    );
  });
  const ups = moves.filter(({ cost }) => cost > 0);
  const downs = moves.filter(({ cost }) => cost <= 0);
  const steps = [
    ...ups.filter(({ cost }) => spent + cost <= budget).map((up) => ({ taken: [up], omega: up.omega })),
    ...ups.flatMap((up) =>
      downs
        .filter((down) => down.layer !== up.layer && spent + up.cost + down.cost <= budget)
        .map((down) => ({ taken: [up, down], omega: up.omega + down.omega })),
    ),
  ];
  steps.sort((a, b) => a.omega - b.omega);
  return steps.map(({ taken }) => {
    const next = [...choice];
    for (const { layer, option } of taken) next[layer] = option;
    return next;
  });
}
