import { type ColumnMask, reverseCholeskyAsync, solveColumnsAsync } from '@gossamer/kernels';
import { DAMPING } from '../criteria/damping.js';
import type { Removal, Update, UpdatedWeight, UpdateProblem } from './update.js';

/** Columns among which elements are chosen together: a 32nd, as the 128 of SparseGPT (section 3.3) are of its layers of 4,096; not below 16. */
const blockOf = (columns: number): number => Math.min(128, Math.max(16, Math.floor(columns / 32)));

/**
 * Columns from left to right: of a block of them, as those before have left it, the elements of least w² r_jj² go, and what that does to the outputs is made up for by the columns that are still to come.
 * The solver of GPTQ. Of each block the same share goes, rounded down, so that a few elements more stay than a count asks for.
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
      const { r } = await reverseCholeskyAsync(second[group]!, columns, { damping: DAMPING, ...options });
      const mask = maskOf(removal, first, end, data.length, columns);
      const solved = await solveColumnsAsync({ w: data.slice(first, end), rows, columns, r, mask }, options);
      out.set(solved.weights, first);
      kept.set(solved.kept!, first);
      loss += solved.losses.reduce((sum, row) => sum + row, 0);
    }
    return { data: out, kept, loss };
  },
};

function maskOf(removal: Removal, first: number, end: number, length: number, columns: number): ColumnMask {
  if (removal.kind === 'given') return { kind: 'given', kept: removal.kept.slice(first, end) };
  if (removal.kind === 'groups') return { kind: 'groups', keep: removal.keep, blockSize: removal.group };
  return { kind: 'share', sparsity: 1 - removal.kept / length, blockSize: blockOf(columns) };
}
