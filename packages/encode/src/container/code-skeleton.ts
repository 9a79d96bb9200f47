import type { BinaryCoder } from '../coders/binary-coder.js';
import { ByteWriter } from '../coders/byte-writer.js';
import { RangeDecoder } from '../coders/range-decoder.js';
import { checkSymbols } from '../coders/check-symbols.js';
import { RangeEncoder } from '../coders/range-encoder.js';
import { encodeError } from '../error-codes.js';
import { ByteModel } from './byte-model.js';
import { FLAT_SLACK, flattenSkeleton, unflatten } from './flat-skeleton.js';
import { onnxSample } from './onnx-sample.js';

/** Bytes that are decoded before they are put together. */
const CHUNK_BYTES = 2 ** 16;

/** Codes the bytes of a skeleton, in its flat form, by a model that has already seen a sample of what ONNX files have in common. */
export function encodeSkeleton(skeleton: Uint8Array): Uint8Array {
  const encoder = new RangeEncoder();
  const model = primedModel(skeleton.length);
  for (const byte of flattenSkeleton(skeleton)) model.codeByte(encoder, byte);
  return encoder.finish();
}

/** The inverse: `length` bytes. Throws ERR_GSM_FORMAT for a stream that holds others, as soon as that shows. */
export function decodeSkeleton(stream: Uint8Array, length: number): Uint8Array {
  // A flat byte stands for at most 5 of the skeleton: a tag and its length.
  checkSymbols(length, stream.length);
  const decoder = new RangeDecoder(stream);
  const model = primedModel(length);
  const flat = new ByteWriter();
  while (!model.hasEnded) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    let filled = 0;
    while (filled < CHUNK_BYTES && !model.hasEnded) chunk[filled++] = model.codeByte(decoder, 0);
    flat.bytes(chunk.subarray(0, filled));
    if (flat.length > length + FLAT_SLACK) throw mismatch(length, 'more');
  }
  const skeleton = unflatten(flat.finish());
  if (skeleton.length !== length) throw mismatch(length, `${skeleton.length}`);
  return skeleton;
}

function primedModel(length: number): ByteModel {
  const model = new ByteModel(length);
  for (const byte of onnxSample()) model.codeByte(listener, byte);
  model.endSample();
  return model;
}

function mismatch(expected: number, received: string): Error {
  return encodeError('ERR_GSM_FORMAT', `skeleton: expected ${expected} bytes, received ${received}`);
}

/** Codes nothing: the model learns. */
const listener: BinaryCoder = { code: (_, bit) => bit };
