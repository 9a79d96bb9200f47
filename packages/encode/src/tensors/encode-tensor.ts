import { encodeError } from '../error-codes.js';
import type { PlainTensor, TensorSpec } from './plain-tensor.js';
import { TENSOR_FORMS } from './registry.js';

/** Codes a tensor of numbers in whichever form takes fewest bytes: a byte that names the form, and its body. The first of equals wins. */
export function encodeTensor(tensor: PlainTensor): Uint8Array {
  let best = tensor.bytes;
  let id = 0;
  for (const [index, form] of TENSOR_FORMS.entries()) {
    const body = form.encode(tensor);
    if (body === undefined || (index > 0 && body.length >= best.length)) continue;
    best = body;
    id = index;
    // Nothing is shorter than one element.
    if (form.name === 'constant') break;
  }
  const stream = new Uint8Array(1 + best.length);
  stream[0] = id;
  stream.set(best, 1);
  return stream;
}

/** The raw bytes of a tensor, as many as `spec` says. Throws ERR_GSM_FORMAT for a stream that no encoder wrote, where that shows. */
export function decodeTensor(stream: Uint8Array, spec: TensorSpec): Uint8Array {
  const form = TENSOR_FORMS[stream[0] ?? TENSOR_FORMS.length];
  if (!form)
    throw encodeError('ERR_GSM_FORMAT', `tensor: expected a form below ${TENSOR_FORMS.length}, received ${stream[0]}`);
  return form.decode(stream.subarray(1), spec);
}

/** Name of the form that a stream is in. */
export function formOf(stream: Uint8Array): string {
  return TENSOR_FORMS[stream[0] ?? 0]?.name ?? 'unknown';
}
