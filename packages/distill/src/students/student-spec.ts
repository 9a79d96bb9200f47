import { GossamerError } from '@gossamer/graph';
import type { DistillErrorCode } from '../error-codes.js';

/** Every inner width (channels, units, heads) times `width`; depth stays. */
export interface ThinnerStudent {
  readonly kind: 'thinner';
  /** In (0, 1). */
  readonly width: number;
  /** 'random': He's range by fan-in, of `seed`; 'slice': the teacher's channels of the largest weights. Default 'random'. */
  readonly init?: 'random' | 'slice';
  /** Default 0. */
  readonly seed?: number;
}

/** Fewer residual blocks or repeated layers, with the teacher's weights. */
export interface ShallowerStudent {
  readonly kind: 'shallower';
  /** 'every-other': the first, third, ... of each row of like blocks; a number: so many of all, evenly spread. */
  readonly keep: 'every-other' | number;
}

/** Every large product of a constant matrix as two smaller ones, from its truncated singular value decomposition. */
export interface LowRankStudent {
  readonly kind: 'low-rank';
  /** A rank (an integer >= 1), or a share in (0, 1) of each matrix's smaller side. This or `energy`. */
  readonly rank?: number;
  /** Share in (0, 1) of the sum of squared singular values that is kept, at the least. */
  readonly energy?: number;
}

/** How a student is made from its teacher. */
export type StudentSpec = ThinnerStudent | ShallowerStudent | LowRankStudent;

/** Reads 'thinner:0.5', 'shallower' (every other block), 'shallower:3' or 'low-rank:0.25'; undefined: none of these. */
export function parseStudent(text: string): StudentSpec | undefined {
  const [kind, rest, ...more] = text.split(':');
  if (more.length > 0 || rest === '') return undefined;
  if (kind === 'shallower') return { kind, keep: rest === undefined ? 'every-other' : Number(rest) };
  if (rest === undefined) return undefined;
  if (kind === 'thinner') return { kind, width: Number(rest) };
  return kind === 'low-rank' ? { kind, rank: Number(rest) } : undefined;
}

/** ERR_DISTILL_STUDENT. */
export const studentError = (message: string): GossamerError<DistillErrorCode> =>
  new GossamerError('ERR_DISTILL_STUDENT', message);

/** Throws ERR_DISTILL_STUDENT unless `value` lies in (0, 1). */
export function checkShare(name: string, value: number): void {
  if (value > 0 && value < 1) return;
  throw studentError(`${name}: expected a number in (0, 1), received ${value}`);
}
