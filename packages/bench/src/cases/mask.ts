import { GossamerError } from '@gossamer/graph';
import type { SeededRandom } from '../seeded-random.js';

/**
 * Which weights are zero, by its name: `dense`; `80%`: each weight by itself; `N:M`: exactly N of every M along the input axis stay;
 * `80%cap16`: as 80%, but at most 16 of every 64 stay.
 */
export interface Mask {
  readonly name: string;
  /** Share of zeros that is aimed at. */
  readonly sparsity: number;
  /** At most `keep` (exactly, where `exact`) of each window along the input axis stay; undefined: no windows. */
  readonly window: { readonly size: number; readonly keep: number; readonly exact: boolean } | undefined;
}

/** Reads the name of a mask; throws ERR_SHAPES for one that makes no sense. */
export function parseMask(name: string): Mask {
  if (name === 'dense') return { name, sparsity: 0, window: undefined };
  const random = /^(\d+(?:\.\d+)?)%(?:cap(\d+))?$/.exec(name);
  if (random && Number(random[1]) < 100) {
    const keep = random[2] === undefined ? undefined : Number(random[2]);
    if (keep === undefined || (keep > 0 && keep <= 64)) {
      const window = keep === undefined ? undefined : { size: 64, keep, exact: false };
      return { name, sparsity: Number(random[1]) / 100, window };
    }
  }
  const balanced = /^(\d+):(\d+)$/.exec(name);
  if (balanced) {
    const [keep, size] = [Number(balanced[1]), Number(balanced[2])];
    if (keep > 0 && keep < size) return { name, sparsity: 1 - keep / size, window: { size, keep, exact: true } };
  }
  throw new GossamerError('ERR_SHAPES', `mask: expected dense, 80%, 80%cap16 or 12:64, received ${name}`);
}

/** Sets masked elements of one output's weights to 0. `row` lists them along the input axis; it is changed in place. */
export function maskRow(row: Int8Array | Float32Array, { sparsity, window }: Mask, random: SeededRandom): void {
  if (window?.exact !== true) {
    for (let i = 0; i < row.length; i++) if (random.next() < sparsity) row[i] = 0;
  }
  if (!window) return;
  for (let start = 0; start < row.length; start += window.size) {
    keepSome(row.subarray(start, start + window.size), window.keep, random);
  }
}

/** Leaves at most `keep` elements other than 0, chosen at random. */
function keepSome(piece: Int8Array | Float32Array, keep: number, random: SeededRandom): void {
  const alive = Array.from(piece.keys()).filter((i) => piece[i] !== 0);
  for (let excess = alive.length - keep; excess > 0; excess--) {
    const at = random.integer(alive.length);
    piece[alive[at]!] = 0;
    alive[at] = alive[alive.length - 1]!;
    alive.pop();
  }
}

/** Share of zeros. */
export function sparsityOf(weights: Int8Array | Float32Array): number {
  let zeros = 0;
  for (let i = 0; i < weights.length; i++) if (weights[i] === 0) zeros++;
  return zeros / weights.length;
}
