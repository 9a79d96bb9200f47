import { canDecodeTensors, decodeTensor as decodeNative } from '@gossamer/kernels';
import { checkSymbols } from '../coders/check-symbols.js';
import { decodeTensor, formOf } from './encode-tensor.js';
import { elementCount, type TensorSpec } from './plain-tensor.js';

/** What decodes tensors: C++ where the native module is there, else TypeScript, which is the definition. */
export type DecodeEngine = 'native' | 'typescript';

let engine: DecodeEngine | undefined;

/** The engine that decodes tensors in this process. */
export function decodeEngine(): DecodeEngine {
  return (engine ??= canDecodeTensors() ? 'native' : 'typescript');
}

/** `decodeTensor` by an engine: the same bytes, and the same errors. */
export function decodeStream(stream: Uint8Array, spec: TensorSpec, by: DecodeEngine = decodeEngine()): Uint8Array {
  if (by === 'native') {
    // Before its memory is made: of all forms constants alone hold more elements than decisions fit.
    if (formOf(stream) !== 'constant') checkSymbols(elementCount(spec), stream.length);
    const view = new Uint8Array(stream.buffer, stream.byteOffset, stream.length);
    const bytes = decodeNative(view, spec.dtype, spec.dims);
    if (bytes) return bytes;
  }
  // Without the module; and for damaged bytes, where the definition says what is wrong.
  return decodeTensor(stream, spec);
}
