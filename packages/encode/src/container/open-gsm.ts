import { FileSource, MemorySource } from '@gossamer/graph/onnx';
import type { DecodeEngine } from '../tensors/decode-stream.js';
import { Gsm } from './gsm.js';
import type { GsmLimits } from './limits.js';

/**
 * Opens the .gsm file at a path, or one in memory. Tensors are read when they are asked for, by the
 * native module where it is there unless `engine` says otherwise. Throws ERR_GSM_*, or what opening a file throws.
 */
export function openGsm(file: string | Uint8Array, limits: Partial<GsmLimits> = {}, engine?: DecodeEngine): Gsm {
  const source = typeof file === 'string' ? new FileSource(file) : new MemorySource(file);
  try {
    return new Gsm(source, limits, engine);
  } catch (error) {
    source.close();
    throw error;
  }
}
