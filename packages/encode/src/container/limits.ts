import { encodeError } from '../error-codes.js';

/** What a .gsm file may make this process do; checked before anything of that size is allocated. */
export interface GsmLimits {
  /** Bytes of all files that it decodes to; default 16 GiB. */
  readonly maxDecodedBytes: number;
  /** Bytes of the largest tensor; default 2 GiB. */
  readonly maxTensorBytes: number;
  /** Streams; default 1,000,000. */
  readonly maxTensors: number;
  /** Bytes of the ONNX file without its tensors, which decode at about 0.2 MB/s; default 8 MiB, beyond which a model is stored as bytes. */
  readonly maxSkeletonBytes: number;
}

export const DEFAULT_GSM_LIMITS: GsmLimits = {
  maxDecodedBytes: 16 * 2 ** 30,
  maxTensorBytes: 2 * 2 ** 30,
  maxTensors: 1_000_000,
  maxSkeletonBytes: 8 * 2 ** 20,
};

/** Throws ERR_GSM_LIMIT when `value` is more than `limit`. */
export function checkLimit(what: string, value: number, limit: number): void {
  if (value > limit) throw encodeError('ERR_GSM_LIMIT', `${what}: expected at most ${limit}, received ${value}`);
}
