import type { BinaryCoder } from '../coders/binary-coder.js';
import { RangeDecoder } from '../coders/range-decoder.js';
import { checkSymbols } from '../coders/check-symbols.js';
import { RangeEncoder } from '../coders/range-encoder.js';
import { ByteModel } from './byte-model.js';
import { onnxSample } from './onnx-sample.js';

/** Codes the bytes of a skeleton by a model that has already seen a sample of what ONNX files have in common. */
export function encodeSkeleton(skeleton: Uint8Array): Uint8Array {
  const encoder = new RangeEncoder();
  const model = primedModel(skeleton.length);
  for (const byte of skeleton) model.codeByte(encoder, byte);
  return encoder.finish();
}

/** The inverse: `length` bytes. Throws ERR_GSM_FORMAT where so short a stream cannot hold them. */
export function decodeSkeleton(stream: Uint8Array, length: number): Uint8Array {
  checkSymbols(8 * length, stream.length);
  const decoder = new RangeDecoder(stream);
  const model = primedModel(length);
  return Uint8Array.from({ length }, () => model.codeByte(decoder, 0));
}

function primedModel(length: number): ByteModel {
  const model = new ByteModel(length);
  for (const byte of onnxSample()) model.codeByte(listener, byte);
  return model;
}

/** Codes nothing: the model learns. */
const listener: BinaryCoder = { code: (_, bit) => bit };
