import { badOption } from '../require-option.js';

interface Range {
  readonly text: string;
  holds(value: unknown): boolean;
}

const AT_LEAST_0: Range = { text: 'a finite number >= 0', holds: (value) => isFinite(value) && value >= 0 };
const FRACTION: Range = { text: 'a number in [0, 1)', holds: (value) => isFinite(value) && value >= 0 && value < 1 };

/** What an option of an optimiser may be, by name; each has some of them. */
const RANGES: Readonly<Record<string, Range>> = {
  learningRate: AT_LEAST_0,
  weightDecay: AT_LEAST_0,
  l1: AT_LEAST_0,
  momentum: FRACTION,
  alpha: FRACTION,
  beta1: FRACTION,
  beta2: FRACTION,
  epsilon: { text: 'a finite number > 0', holds: (value) => isFinite(value) && value > 0 },
};

/** `given` over `defaults`; throws ERR_TRAIN_OPTIONS for a name that `defaults` has not or a value out of its range. */
export function resolveOptions<Options extends object>(
  optimizer: string,
  defaults: Options,
  given: Partial<Options>,
): Options {
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, key)) badOption(optimizer, `options among ${Object.keys(defaults).join(', ')}`, key);
    const range = RANGES[key]!;
    if (value !== undefined && !range.holds(value)) badOption(`${optimizer}.${key}`, range.text, value);
  }
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...defaults, ...defined };
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}
