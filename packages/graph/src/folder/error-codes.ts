import { GossamerError } from '../errors.js';

/** Stable codes of model folders. */
export type FolderErrorCode =
  /** What was opened is not a folder in the layout of transformers.js. */
  | 'ERR_MODEL_FOLDER'
  /** The folder has no such part, or the part no such variant. */
  | 'ERR_FOLDER_PART'
  /** The destination exists and `force` was not given, or it is nothing that `force` may replace. */
  | 'ERR_OUTPUT_EXISTS'
  /** The destination is the input, lies in it, or has no folder to lie in. */
  | 'ERR_OUTPUT_PATH'
  /** Two decoders that cannot become one. */
  | 'ERR_MERGE_DECODERS';

/** A GossamerError with one of this folder's codes. */
export function folderError(code: FolderErrorCode, message: string, options?: ErrorOptions): GossamerError {
  return new GossamerError(code, message, options);
}
