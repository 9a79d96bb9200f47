/** Softmax of the teacher's answer below which a made sample is left out. */
const CONFIDENCE = 0.6;

/**
 * Weights of the rows of `logits` [rows, classes]: 0 for those from `trusted` on of which the teacher is not sure, and for the others such that each
 * class that is there weighs the same.
 */
export function classWeights(logits: Float32Array, classes: number, trusted: number): Float32Array {
  const rows = logits.length / classes;
  const weights = new Float32Array(rows);
  const labels = new Uint32Array(rows);
  const counts = new Uint32Array(classes);
  for (let row = 0; row < rows; row++) {
    const own = logits.subarray(row * classes, (row + 1) * classes);
    const most = own.reduce((a, b) => Math.max(a, b));
    const total = own.reduce((sum, x) => sum + Math.exp(x - most), 0);
    if (row >= trusted && 1 / total < CONFIDENCE) continue;
    const label = own.indexOf(most);
    labels[row] = label;
    weights[row] = 1;
    counts[label]!++;
  }
  return weights.map((weight, row) => (weight === 0 ? 0 : 1 / counts[labels[row]!]!));
}
