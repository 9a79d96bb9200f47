import type { PlainTensor } from '../tensors/plain-tensor.js';
import { bitmask } from './bitmask.js';
import { coordinates } from './coordinates.js';
import { csr } from './csr.js';
import { delta } from './delta.js';
import { nOfM } from './n-of-m.js';
import type { SparseForm } from './sparse-form.js';

/** Every plain sparse form. */
export const SPARSE_FORMS: readonly SparseForm[] = [bitmask, delta, csr, nOfM(2, 4), coordinates];

/**
 * Bytes that a tensor takes dense and in each sparse form; undefined where its pattern is not of the form. Which is smaller depends on
 * the density d and the bytes w of an element: bitmask below 1 - 1 / (8 w), delta about w / (w + 1), csr w / (w + 2), coordinates w / (w + 8).
 */
export function sparseBytes(tensor: PlainTensor): Readonly<Record<string, number | undefined>> {
  const sizes = SPARSE_FORMS.map((form) => [form.name, form.encode(tensor)?.length] as const);
  return { dense: tensor.bytes.length, ...Object.fromEntries(sizes) };
}
