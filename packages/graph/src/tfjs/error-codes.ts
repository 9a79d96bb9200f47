import { GossamerError } from '../errors.js';

/** Every code the TF.js reader and writer throw beside those of the wire layer (paths, files); stable across releases. */
export type TfjsErrorCode =
  /** model.json is not JSON, not a TF.js model, or contradicts itself. */
  | 'ERR_TFJS_MODEL'
  /** The weights manifest and the shard files disagree, or a weight has a dtype or quantization TF.js does not know. */
  | 'ERR_TFJS_WEIGHTS'
  /** Operators that have no converter; the message lists each with its count. */
  | 'ERR_TFJS_UNSUPPORTED_OP'
  /** Operators on strings and lookup tables; the message lists each. */
  | 'ERR_TFJS_STRING_OP'
  /** Loops, branches and tensor lists; the message lists each. */
  | 'ERR_TFJS_CONTROL_FLOW'
  /** Operators that draw random numbers; the message lists each. */
  | 'ERR_TFJS_RANDOM_OP'
  /** A layer class that has no converter; the message lists each. */
  | 'ERR_TFJS_UNSUPPORTED_LAYER'
  /** A node or layer of a supported kind in a form that is not supported, or with operands that cannot be right. */
  | 'ERR_TFJS_NODE'
  /** An option of the writer outside its values. */
  | 'ERR_OPTION'
  /** An output folder that exists, without `force`. */
  | 'ERR_OUTPUT_EXISTS'
  /** An output that cannot be a folder of its own: no parent, other files in it, the input's folder. */
  | 'ERR_OUTPUT_PATH';

/** A GossamerError with a code of the TF.js reader or writer. */
export function tfjsError(code: TfjsErrorCode, message: string, options?: ErrorOptions): GossamerError<TfjsErrorCode> {
  return new GossamerError(code, message, options);
}
