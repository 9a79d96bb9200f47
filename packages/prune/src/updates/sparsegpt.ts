import {
  type ColumnMask,
  dampedMoment,
  refineRowsAsync,
  reverseCholeskyAsync,
  solveColumnsAsync,
} from '@gossamer/kernels';
import { DAMPING } from '../criteria/damping.js';
import type { Removal, Update, UpdatedWeight, UpdateProblem } from './update.js';

/** Columns among which elements are chosen together: a 32nd, as the 128 of SparseGPT (section 3.3) are of its layers of 4,096; not below 16. */
const blockOf = (columns: number): number => Math.min(128, Math.max(16, Math.floor(columns / 32)));

/** Passes of Gauss-Seidel over what stays, beyond which little is won: on layers of a language model 3 passes take 27 to 31 % off the loss, 10 another 3 to 6, and the limit 1 more. */
const SWEEPS = 5;

/**
 * Columns from left to right: of a block of them, as those before have left it, the elements of least w² r_jj² go, and what that does to the outputs is made up for by the columns that are still to come.
 * The solver of GPTQ. Of each block the same share goes, rounded down, so that a few elements more stay than a count asks for. Of patterns N:M elements go one by one, as OBC has it, those left making up for them. What stays is then brought nearer to least squares, in which
 * columns make up for those to their right as well: that is not in the paper, whose one pass leaves it out for speed.
 *
 * Source: Frantar and Alistarh, "SparseGPT" (arXiv:2301.00774), algorithm 1.
 */
export const sparsegpt: Update = {
  name: 'sparsegpt',
  async solve({ matrix, second, removal, signal }: UpdateProblem): Promise<UpdatedWeight> {
    const { groups, rows, columns, data } = matrix;
    const size = rows * columns;
    const options = signal ? { signal } : {};
    const [out, kept] = [new Float32Array(data.length), new Uint8Array(data.length)];
    let loss = 0;
    for (let group = 0; group < groups; group++) {
      const [first, end] = [group * size, (group + 1) * size];
      const { r, raises } = await reverseCholeskyAsync(second[group]!, columns, { damping: DAMPING, ...options });
      const mask = maskOf(removal, first, end, data.length, columns);
      const w = data.slice(first, end);
      const solved = await solveColumnsAsync({ w, rows, columns, r, mask }, options);
      const moment = dampedMoment(second[group]!, columns, DAMPING * 10 ** raises);
      const problem = { w, weights: solved.weights, kept: solved.kept!, rows, columns, moment, sweeps: SWEEPS };
      const refined = await refineRowsAsync(problem, options);
      out.set(refined.weights, first);
      kept.set(solved.kept!, first);
      loss += refined.losses.reduce((sum, row) => sum + row, 0);
    }
    return { data: out, kept, loss };
  },
};

function maskOf(removal: Removal, first: number, end: number, length: number, columns: number): ColumnMask {
  if (removal.kind === 'given') return { kind: 'given', kept: removal.kept.slice(first, end) };
  if (removal.kind === 'groups') return { kind: 'groups', keep: removal.keep, blockSize: removal.group };
  return { kind: 'share', sparsity: 1 - removal.kept / length, blockSize: blockOf(columns) };
}
