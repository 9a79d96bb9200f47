/**
 * The `count` levels of least weighted squared distance to `values` (ascending, distinct): k-means in one dimension, exactly. Fewer values than levels
 * give the values themselves, the last one repeated.
 *
 * Dynamic programming over the ends of clusters; costs are of Monge's kind, so that divide and conquer finds each row's splits in order.
 * O(count n log n) for n values.
 *
 * Source: Wang and Song, "Ckmeans.1d.dp", The R Journal 3(2), 2011; Grønlund et al., arXiv:1701.07204, section 2.
 */
export function optimalLevels(values: Float64Array, weights: Float64Array, count: number): Float64Array {
  const n = values.length;
  if (n <= count) return Float64Array.from({ length: count }, (_, i) => values[Math.min(i, n - 1)] ?? 0);
  const sums = prefixSums(values, weights);
  // best[j]: least cost of the first j values in the clusters so far; from[c][j]: where the last of c + 1 clusters begins.
  let best = Float64Array.from({ length: n + 1 }, (_, j) => (j === 0 ? 0 : clusterCost(sums, 0, j)));
  const from: Int32Array[] = [new Int32Array(n + 1)];
  for (let clusters = 2; clusters <= count; clusters++) {
    const next = new Float64Array(n + 1).fill(Infinity);
    const starts = new Int32Array(n + 1);
    splitRange(clusters, n, clusters - 1, n - 1, { best, next, starts, sums });
    best = next;
    from.push(starts);
  }
  const levels = new Float64Array(count);
  let end = n;
  for (let cluster = count - 1; cluster >= 0; cluster--) {
    const start = from[cluster]![end]!;
    // Values of no weight may stand for themselves: any level costs them nothing.
    const mass = sums.mass[end]! - sums.mass[start]!;
    levels[cluster] = mass > 0 ? (sums.first[end]! - sums.first[start]!) / mass : values[start]!;
    end = start;
  }
  return levels;
}

interface PrefixSums {
  readonly mass: Float64Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
}

/** Sums of weights, weighted values and weighted squares in front of each place. */
function prefixSums(values: Float64Array, weights: Float64Array): PrefixSums {
  const size = values.length + 1;
  const [mass, first, second] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  values.forEach((value, i) => {
    mass[i + 1] = mass[i]! + weights[i]!;
    first[i + 1] = first[i]! + weights[i]! * value;
    second[i + 1] = second[i]! + weights[i]! * value * value;
  });
  return { mass, first, second };
}

/** Weighted squared distance of values [start, end) to their mean. */
function clusterCost({ mass, first, second }: PrefixSums, start: number, end: number): number {
  const weight = mass[end]! - mass[start]!;
  if (weight === 0) return 0;
  const sum = first[end]! - first[start]!;
  const cost = second[end]! - second[start]! - (sum * sum) / weight;
  return cost > 0 ? cost : 0;
}

interface SplitState {
  readonly best: Float64Array;
  readonly next: Float64Array;
  readonly starts: Int32Array;
  readonly sums: PrefixSums;
}

/** Fills `next` for ends [low, high], whose best starts lie in [least, most]. */
function splitRange(low: number, high: number, least: number, most: number, state: SplitState): void {
  if (low > high) return;
  const { best, next, starts, sums } = state;
  const middle = (low + high) >> 1;
  let chosen = least;
  const last = most < middle ? most : middle - 1;
  for (let start = least; start <= last; start++) {
    const cost = best[start]! + clusterCost(sums, start, middle);
    if (cost >= next[middle]!) continue;
    next[middle] = cost;
    chosen = start;
  }
  starts[middle] = chosen;
  splitRange(low, middle - 1, least, chosen, state);
  splitRange(middle + 1, high, chosen, most, state);
}
