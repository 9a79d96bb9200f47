import { InvalidArgumentError } from 'commander';

/** What a model may take: a file's bytes, or a share of the input's, and the time of a run. */
export interface ModelBudget {
  readonly bytes?: number;
  /** In (0, 1]. */
  readonly share?: number;
  /** Milliseconds. */
  readonly latency?: number;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };

/** An option that is a size (1.2MB, 800kB, 120000; powers of ten) or a share of the input file (30%), a time (5ms), or a size and a time with a comma between. */
export function parseBudget(value: string): ModelBudget {
  const parts = value.split(',').map(parsePart);
  const [sizes, times] = [parts.filter((part) => part?.latency === undefined), parts.filter((part) => part?.latency)];
  if (parts.includes(undefined) || sizes.length > 1 || times.length > 1) {
    throw new InvalidArgumentError(
      `expected a size, a share or a time, e.g. 1.2MB, 30%, 5ms, 800kB,5ms, received ${value}`,
    );
  }
  return { ...sizes[0], ...times[0] };
}

function parsePart(value: string): ModelBudget | undefined {
  const [, number, unit] = /^(\d*\.?\d+)\s*(|B|kB|MB|GB|%|ms)$/.exec(value.trim()) ?? [];
  const amount = Number(number);
  if (unit === undefined || !(amount > 0)) return undefined;
  if (unit === 'ms') return { latency: amount };
  if (unit === '%') return amount <= 100 ? { share: amount / 100 } : undefined;
  return { bytes: Math.floor(amount * UNITS[unit]!) };
}
