import { InvalidArgumentError } from 'commander';
import type { PruneOptions } from '@gossamer/compress';

type Threshold = NonNullable<PruneOptions['threshold']>;

/** An option that says which weights are too small: 0.01 (below it), sigma:0.5 (so many standard deviations of the layer), quantile:0.8 (that share of the layer). */
export function parseThreshold(value: string): Threshold {
  const [, kind = 'absolute', text] =
    /^(?:(absolute|sigma|quantile):)?(\d*\.?\d+(?:e-?\d+)?)$/.exec(value.trim()) ?? [];
  const amount = Number(text);
  const most = kind === 'quantile' ? 1 : Infinity;
  if (amount > 0 && amount < most) return { [kind]: amount } as unknown as Threshold;
  throw new InvalidArgumentError(
    `expected a number above 0, sigma:NUMBER or quantile:SHARE, e.g. 0.01, sigma:0.5, quantile:0.8, received ${value}`,
  );
}
