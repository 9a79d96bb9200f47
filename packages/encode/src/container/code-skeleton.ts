import type { BinaryCoder } from '../coders/binary-coder.js';
import { ByteWriter } from '../coders/byte-writer.js';
import { ByteModel } from './byte-model.js';
import { FLAT_SLACK, flattenSkeleton, unflatten } from './flat-skeleton.js';
import { checkLimit } from './limits.js';
import { onnxSample } from './onnx-sample.js';

/** Bytes that are decoded before they are put together. */
const CHUNK_BYTES = 2 ** 16;

/** Codes the bytes of a skeleton, in its flat form, by a model that has already seen a sample of what ONNX files have in common. */
export function codeSkeleton(coder: BinaryCoder, skeleton: Uint8Array): void {
  const model = primedModel();
  for (const byte of flattenSkeleton(skeleton)) model.codeByte(coder, byte);
}

/** The inverse: at most `maxBytes` bytes. Throws ERR_GSM_FORMAT for what is no skeleton, ERR_GSM_LIMIT for a longer one. */
export function readSkeleton(coder: BinaryCoder, maxBytes: number): Uint8Array {
  const model = primedModel();
  const flat = new ByteWriter();
  while (!model.hasEnded) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    let filled = 0;
    while (filled < CHUNK_BYTES && !model.hasEnded) chunk[filled++] = model.codeByte(coder, 0);
    flat.bytes(chunk.subarray(0, filled));
    checkLimit('skeleton bytes', flat.length, maxBytes + FLAT_SLACK);
  }
  return unflatten(flat.finish());
}

let primed: ByteModel | undefined;

/** A model that has seen the sample; made once, since that takes as long as a skeleton of its length. */
function primedModel(): ByteModel {
  if (!primed) {
    primed = ByteModel.blank();
    for (const byte of onnxSample()) primed.codeByte(listener, byte);
    primed.endSample();
  }
  return primed.clone();
}

/** Codes nothing: the model learns. */
const listener: BinaryCoder = { code: (_, bit) => bit };
