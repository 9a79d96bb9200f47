import { FileSource, MemorySource } from '@gossamer/graph/onnx';
import { Gsm } from './gsm.js';
import type { GsmLimits } from './limits.js';

/** Opens the .gsm file at a path, or one in memory. Tensors are read when they are asked for. Throws ERR_GSM_*, or what opening a file throws. */
export function openGsm(file: string | Uint8Array, limits: Partial<GsmLimits> = {}): Gsm {
  const source = typeof file === 'string' ? new FileSource(file) : new MemorySource(file);
  try {
    return new Gsm(source, limits);
  } catch (error) {
    source.close();
    throw error;
  }
}
