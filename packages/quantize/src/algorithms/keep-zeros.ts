import { dequantizeMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import type { MatrixSolution } from './weight-algorithm.js';

/** `found` with the code of 0 where `kept` [rows, columns] is 0: what an algorithm shifted away from 0, or rounded to a neighbour. The same object where nothing changes. */
export function keepZeros(found: MatrixSolution, kept: Uint8Array | undefined): MatrixSolution {
  if (!kept) return found;
  const values = found.values ?? dequantizeMatrix(found);
  if (kept.every((keep, i) => keep === 1 || values[i] === 0)) return found;
  const { grid } = found;
  const zeros = roundToGrid(new Float32Array(kept.length), grid).codes;
  return { grid, codes: found.codes.map((code, i) => (kept[i] === 0 ? zeros[i]! : code)) };
}
