import type { Model } from '@gossamer/graph';
import { modelPieces } from '../container/decode-model.js';
import { encodeModel } from '../container/encode-model.js';
import type { Gsm } from '../container/gsm.js';

/** The .gsm of a model or file, in one piece. */
export async function gsmOf(model: string | Model): Promise<Buffer> {
  return Buffer.concat((await encodeModel(model)).pieces);
}

/** The model's file that a .gsm holds. */
export function fileOf(gsm: Gsm): Buffer {
  return Buffer.concat([...modelPieces(gsm)]);
}
