import { GossamerError } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** An equation in letters alone: an ellipsis has become letters of its own. */
export interface EinsumEquation {
  readonly terms: readonly string[];
  readonly output: string;
  /** Letters that do not occur. */
  readonly free: readonly string[];
}

/** Reads an equation for operands of these ranks; without an arrow the output has the letters that occur once, in their order. */
export function parseEinsum(text: string, ranks: readonly number[]): EinsumEquation {
  const [left = '', right] = text.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  const free = [...LETTERS].filter((letter) => !text.includes(letter));
  const covered = terms.map((term, i) => (term.includes('...') ? ranks[i]! - (term.length - 3) : 0));
  const ellipsis = free.splice(0, Math.max(0, ...covered)).join('');
  if (ellipsis.length < Math.max(0, ...covered)) {
    throw new GossamerError<TrainErrorCode>(
      'ERR_NO_GRADIENT',
      `Einsum equation: expected at most ${LETTERS.length} letters and axes under an ellipsis, received ${text}`,
    );
  }
  const spelled = terms.map((term, i) => term.replace('...', ellipsis.slice(ellipsis.length - covered[i]!)));
  if (right !== undefined) return { terms: spelled, output: right.replace('...', ellipsis), free };
  const labels = terms.join('').replaceAll('...', '');
  const once = [...new Set(labels)].filter((letter) => labels.split(letter).length === 2).sort();
  return { terms: spelled, output: ellipsis + once.join(''), free };
}
