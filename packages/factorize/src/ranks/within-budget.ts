/** A way to have a layer: as it is, or with a rank. */
export interface Choice {
  readonly cost: number;
  /** What it loses, >= 0. */
  readonly lost: number;
}

/**
 * One choice a layer, so that the costs together are at most `budget` and little is lost: from what loses least on, the step that loses least for what it
 * saves is taken until the costs fit. Steps go along each layer's lower convex hull; then layers go back to the best that still fits. Loses at most
 * one step more than the best, and nothing where costs grow evenly. Undefined where not even the smallest choices fit.
 *
 * Source: Fox, "Discrete optimization via marginal analysis", Management Science 1966.
 */
export function withinBudget(layers: readonly (readonly Choice[])[], budget: number): number[] | undefined {
  const hulls = layers.map(lowerHull);
  const places = hulls.map(() => 0);
  const costOf = (layer: number, index: number) => layers[layer]![index]!.cost;
  let cost = hulls.reduce((sum, hull, layer) => sum + costOf(layer, hull[0]!), 0);
  while (cost > budget) {
    let [best, least] = [-1, Infinity];
    hulls.forEach((hull, layer) => {
      const [now, next] = [hull[places[layer]!]!, hull[places[layer]! + 1]];
      if (next === undefined) return;
      const step = slope(layers[layer]![now]!, layers[layer]![next]!);
      if (step < least) [best, least] = [layer, step];
    });
    if (best < 0) return undefined;
    const hull = hulls[best]!;
    cost += costOf(best, hull[places[best]! + 1]!) - costOf(best, hull[places[best]!]!);
    places[best]!++;
  }
  return fill(
    layers,
    places.map((place, layer) => hulls[layer]![place]!),
    budget - cost,
  );
}

/** What is lost for a unit that is saved. */
const slope = (from: Choice, to: Choice) => (to.lost - from.lost) / (from.cost - to.cost);

/** Places of the choices from what loses least down to what costs least, each step losing more for a unit than the one before. */
function lowerHull(choices: readonly Choice[]): number[] {
  const order = Array.from(choices.keys())
    .filter((i) => Number.isFinite(choices[i]!.lost))
    .sort((i, j) => choices[i]!.lost - choices[j]!.lost || choices[i]!.cost - choices[j]!.cost || i - j);
  const hull: number[] = [];
  for (const index of order) {
    const choice = choices[index]!;
    if (hull.length > 0 && choice.cost >= choices[hull.at(-1)!]!.cost) continue;
    while (hull.length >= 2) {
      const [before, last] = [choices[hull.at(-2)!]!, choices[hull.at(-1)!]!];
      if (slope(before, last) < slope(last, choice)) break;
      hull.pop();
    }
    hull.push(index);
  }
  return hull;
}

/** Spends what is left: each time the choice that gains most and still fits. */
function fill(layers: readonly (readonly Choice[])[], chosen: readonly number[], spare: number): number[] {
  const out = [...chosen];
  for (;;) {
    let [best, index, most] = [-1, -1, 0];
    layers.forEach((choices, layer) => {
      const now = choices[out[layer]!]!;
      choices.forEach((choice, i) => {
        const gain = now.lost - choice.lost;
        if (choice.cost - now.cost <= spare && gain > most) [best, index, most] = [layer, i, gain];
      });
    });
    if (best < 0) return out;
    spare -= layers[best]![index]!.cost - layers[best]![out[best]!]!.cost;
    out[best] = index;
  }
}
