import { isGossamerError } from '@gossamer/graph';
import { isaInfo } from '@gossamer/kernels';

/** False where the native addon is missing: plain TypeScript does its work then, to the same bits. */
export function hasAddon(): boolean {
  try {
    isaInfo();
    return true;
  } catch (error) {
    if (isGossamerError(error) && error.code === 'ERR_NATIVE_LOAD') return false;
    throw error;
  }
}
