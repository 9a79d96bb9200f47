import { InvalidArgumentError } from 'commander';

/** What a file may take: bytes, or a share of the input's. */
export interface SizeBudget {
  readonly bytes?: number;
  /** In (0, 1]. */
  readonly share?: number;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };

/** An option that is a size (1.2MB, 800kB, 120000; powers of ten) or a share of the input file (30%). */
export function parseBudget(value: string): SizeBudget {
  const [, number, unit] = /^(\d*\.?\d+)\s*(|B|kB|MB|GB|%)$/.exec(value.trim()) ?? [];
  const amount = Number(number);
  if (unit === '%' && amount > 0 && amount <= 100) return { share: amount / 100 };
  if (unit !== undefined && unit !== '%' && amount > 0) return { bytes: Math.floor(amount * UNITS[unit]!) };
  throw new InvalidArgumentError(`expected a size or a share, e.g. 1.2MB, 800kB, 30%, received ${value}`);
}
