import { normalQuantile } from '@gossamer/runtime';
import { normalCdf, normalLogDensity } from './normal-distribution.js';

/** Observations of which the latest weigh alike; older ones weigh less and less. */
const FULL_WEIGHTS = 25;
/** A window is never narrower than this share of the range. */
const NARROWEST = 1 / 100;

interface Window {
  readonly mean: number;
  readonly deviation: number;
  /** Of the mixture, in sum 1. */
  readonly weight: number;
  /** Shares of the normal distribution below the range's ends. */
  readonly below: number;
  readonly until: number;
}

/**
 * Mixture of normal windows truncated to [low, high]: one as wide as the range in its middle (the prior), and one at each observation, as wide
 * as the farther of its two neighbours is away, but at least range / min(100, n + 1).
 *
 * Source: Bergstra, Bardenet, Bengio, Kegl, "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011, section 4.2; least width and the
 * weights of older observations as in hyperopt and optuna.
 */
export class ParzenEstimator {
  readonly #windows: readonly Window[];

  /** `observations` in the order of time. */
  constructor(
    observations: readonly number[],
    private readonly low: number,
    private readonly high: number,
  ) {
    const range = high - low;
    const count = observations.length;
    const weights = [...forgettingWeights(count), 1];
    const total = weights.reduce((a, b) => a + b, 0);
    const points = [...observations, (low + high) / 2];
    const order = points.map((_, i) => i).sort((a, b) => points[a]! - points[b]! || a - b);
    const narrowest = range * Math.max(NARROWEST, 1 / (count + 1));
    this.#windows = order.map((i, at) => {
      const mean = points[i]!;
      const neighbours = [order[at - 1], order[at + 1]].filter((j) => j !== undefined);
      const farthest = Math.max(0, ...neighbours.map((j) => Math.abs(points[j]! - mean)));
      const deviation = i === count ? range : Math.min(range, Math.max(narrowest, farthest));
      const share = (x: number): number => normalCdf((x - mean) / deviation);
      return { mean, deviation, weight: weights[i]! / total, below: share(low), until: share(high) };
    });
  }

  /** A draw, from two numbers in [0, 1). */
  sample(which: number, where: number): number {
    let rest = which;
    const chosen = this.#windows.find(({ weight }) => (rest -= weight) < 0) ?? this.#windows.at(-1)!;
    // Above 0, where the quantile is finite: below narrow windows a share underflows.
    const share = Math.max(chosen.below + where * (chosen.until - chosen.below), Number.MIN_VALUE);
    const x = chosen.mean + chosen.deviation * normalQuantile(share);
    return Math.min(this.high, Math.max(this.low, x));
  }

  /** log of the density at x in [low, high]. */
  logDensity(x: number): number {
    let density = 0;
    for (const { mean, deviation, weight, below, until } of this.#windows) {
      density += (weight * Math.exp(normalLogDensity((x - mean) / deviation))) / (deviation * (until - below));
    }
    return Math.log(density);
  }

  /** log of the probability of [from, to]. */
  logMass(from: number, to: number): number {
    let mass = 0;
    for (const { mean, deviation, weight, below, until } of this.#windows) {
      const inside = normalCdf((to - mean) / deviation) - normalCdf((from - mean) / deviation);
      mass += (weight * inside) / (until - below);
    }
    return Math.log(mass);
  }
}

/** 1 for the latest 25 observations, falling linearly to 1 / count before them. */
function forgettingWeights(count: number): number[] {
  const older = count - FULL_WEIGHTS;
  const ramp = (i: number): number => (older <= 1 ? 1 / count : 1 / count + (i / (older - 1)) * (1 - 1 / count));
  return Array.from({ length: count }, (_, i) => (i < older ? ramp(i) : 1));
}
