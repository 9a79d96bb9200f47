import { isGossamerError } from '@gossamer/graph';
import { runNative } from './native-call.js';
import { requireInteger } from './require-array.js';

/** A kind of typed array. */
export interface ArrayKind<Numbers> {
  new (buffer: ArrayBuffer, byteOffset: number, length: number): Numbers;
  readonly BYTES_PER_ELEMENT: number;
}

/** What the engine's memory is aligned to (kBufferAlignment), and what it may read behind it (kReadSlack in native/kernels/linear.h). */
const ALIGNMENT = 64;
const READ_SLACK = 256;

/**
 * An array of zeros that the engine reads and writes where it lies, instead of copying it, when it is fed to a run or given to one for an
 * output: its first byte has an address that is a multiple of 64, and the same buffer has 256 bytes behind it. Any part of it does that
 * begins at a multiple of 64 bytes and ends 256 bytes before the buffer does. Where the addon is missing there is no such engine: any array.
 */
export function allocateAligned<Numbers>(kind: ArrayKind<Numbers>, length: number): Numbers {
  requireInteger('length', length, 0);
  const buffer = new ArrayBuffer(ALIGNMENT + length * kind.BYTES_PER_ELEMENT + READ_SLACK);
  return new kind(buffer, alignedOffset(buffer), length);
}

function alignedOffset(buffer: ArrayBuffer): number {
  try {
    return runNative((addon) => addon.alignedOffset(buffer));
  } catch (error) {
    if (isGossamerError(error) && error.code === 'ERR_NATIVE_LOAD') return 0;
    throw error;
  }
}

/**
 * Makes the C library keep large blocks that are freed for the next one that is asked for, so that ONNX Runtime, which takes new memory for
 * every output of every run, does not pay for fresh pages each time. For all of the process, until its end; what was freed is not given
 * back to the system any more. False where the C library has no such setting (other than glibc): nothing is changed then.
 */
export function tuneAllocator(): boolean {
  return runNative((addon) => addon.tuneAllocator());
}
