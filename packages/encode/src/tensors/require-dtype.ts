import type { DType } from '@gossamer/graph';
import { encodeError } from '../error-codes.js';
import type { TensorForm, TensorSpec } from './plain-tensor.js';

/** Throws ERR_GSM_FORMAT for a tensor of a type that no encoder writes in this form. */
export function requireDtype({ name }: Pick<TensorForm, 'name'>, { dtype }: TensorSpec, expected: DType): void {
  if (dtype !== expected) throw encodeError('ERR_GSM_FORMAT', `${name}: expected ${expected}, received ${dtype}`);
}
