import { openGsm, toModel } from '@gossamer/encode';
import type { Model } from '@gossamer/graph';

/** First bytes of a .gsm file; no ONNX file begins so. */
const MAGIC = Buffer.from('GSM');

/** The model of a .gsm file, by its path or its bytes; anything else as it is. Throws ERR_GSM_*. */
export function openGsmModel<Other>(model: Model | string | Uint8Array | Other): Model | string | Uint8Array | Other {
  if (typeof model === 'string') return model.endsWith('.gsm') ? toModel(openGsm(model)) : model;
  const isGsm = model instanceof Uint8Array && MAGIC.equals(model.subarray(0, MAGIC.length));
  return isGsm ? toModel(openGsm(model)) : model;
}
