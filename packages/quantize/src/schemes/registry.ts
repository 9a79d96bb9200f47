import { badOption } from '../errors.js';
import { codebook } from './codebook.js';
import { float8 } from './float8.js';
import { fp4, nf4 } from './four-bit-floats.js';
import { integer } from './integer.js';
import { additivePowerOfTwo, powerOfTwo } from './power-of-two.js';
import type { Scheme } from './scheme.js';

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Every scheme of weights; one line a family. */
const ALL: readonly Scheme[] = [
  ...[...range(2, 8), 16].flatMap((bits) => [integer(bits, true), integer(bits, false)]),
  nf4,
  fp4,
  float8('float8e4m3fn'),
  float8('float8e5m2'),
  ...range(1, 8).map(codebook),
  ...range(2, 5).map(powerOfTwo),
  ...([3, 4, 5] as const).map(additivePowerOfTwo),
];

export const SCHEMES: ReadonlyMap<string, Scheme> = new Map(ALL.map((scheme) => [scheme.name, scheme]));

/** The scheme called `name`; throws ERR_QUANTIZE_OPTION naming those there are. */
export function findScheme(name: string): Scheme {
  return SCHEMES.get(name) ?? badOption('weights', [...SCHEMES.keys()].join(', '), name);
}
