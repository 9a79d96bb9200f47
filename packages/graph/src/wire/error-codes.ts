import { GossamerError } from '../errors.js';

/** Every code the wire layer throws; stable across releases. */
export type WireErrorCode =
  /** A field, a length or a read reaches past the end of its message or file. */
  | 'ERR_TRUNCATED'
  /** A varint longer than 10 bytes or wider than 64 bits. */
  | 'ERR_BAD_VARINT'
  /** A tag with field number 0, above 2^29 - 1, longer than 5 bytes, or with wire type 6 or 7. */
  | 'ERR_BAD_TAG'
  /** A known field in an encoding its type does not have. */
  | 'ERR_WIRE_TYPE'
  /** A group end without its start, or of another field. */
  | 'ERR_BAD_GROUP'
  /** Messages or groups nested deeper than `WireLimits.maxDepth`. */
  | 'ERR_TOO_DEEP'
  /** More fields in one file than `WireLimits.maxFields`. */
  | 'ERR_FIELD_BUDGET'
  /** A string longer than `WireLimits.maxStringBytes`. */
  | 'ERR_STRING_LENGTH'
  /** A list with more elements than `WireLimits.maxListElements`. */
  | 'ERR_LIST_LENGTH'
  /** A name that is not UTF-8. */
  | 'ERR_BAD_UTF8'
  /** A singular sub-message that occurs twice: parsers disagree on whether to merge. */
  | 'ERR_DUPLICATE_FIELD'
  /** An integer outside the range of its type, or of the safe integers. */
  | 'ERR_INT_RANGE'
  /** A tensor whose data is given twice, or in a form its type does not have. */
  | 'ERR_TENSOR_DATA'
  /** A file that changed (size or modification time) while it was being read. */
  | 'ERR_FILE_CHANGED'
  /** A path that does not exist. */
  | 'ERR_FILE_NOT_FOUND'
  /** A directory, FIFO, socket or device where a regular file is needed. */
  | 'ERR_NOT_A_FILE'
  /** The system refused to read: permissions, I/O error. */
  | 'ERR_READ_FAILED'
  /** A source read after `close()`. */
  | 'ERR_SOURCE_CLOSED'
  /** External data: an entry that is missing, repeated, unknown or malformed. */
  | 'ERR_EXTERNAL_DATA'
  /** External data: a location outside the model's directory, or one that a link leads away. */
  | 'ERR_EXTERNAL_PATH'
  /** External data: offset and length reach past the end of the data file. */
  | 'ERR_EXTERNAL_RANGE'
  /** External data: the file's SHA-1 differs from the recorded one. */
  | 'ERR_EXTERNAL_CHECKSUM'
  /** A model file of 2^31 - 1 bytes or more, which other readers reject: use external data. */
  | 'ERR_MODEL_TOO_LARGE'
  /** No space or quota left; nothing was left behind. */
  | 'ERR_DISK_FULL'
  /** The system refused to write: permissions, missing directory, I/O error. */
  | 'ERR_WRITE_FAILED'
  /** The caller's AbortSignal fired; nothing was left behind. */
  | 'ERR_ABORTED';

/** A GossamerError with a code of the wire layer. */
export function wireError(code: WireErrorCode, message: string, options?: ErrorOptions): GossamerError<WireErrorCode> {
  return new GossamerError(code, message, options);
}
