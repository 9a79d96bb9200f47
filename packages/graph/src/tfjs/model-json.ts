import { isUtf8 } from 'node:buffer';
import { FileSource } from '../wire/file-source.js';
import { tfjsError } from './error-codes.js';

/** A larger model.json is refused: it is held in memory as text and as objects. */
const MAX_JSON_BYTES = 128 * 2 ** 20;

/** The text of a model.json. Throws ERR_TFJS_MODEL where it is too large or not UTF-8, and what opening a file throws. */
export function readModelJson(path: string): string {
  const source = new FileSource(path);
  try {
    if (source.byteLength > MAX_JSON_BYTES) {
      throw tfjsError(
        'ERR_TFJS_MODEL',
        `${path}: expected up to ${MAX_JSON_BYTES} bytes, received ${source.byteLength}`,
      );
    }
    const bytes = source.read(0, source.byteLength);
    if (!isUtf8(bytes)) throw tfjsError('ERR_TFJS_MODEL', `${path}: expected UTF-8, received other bytes`);
    return new TextDecoder().decode(bytes);
  } finally {
    source.close();
  }
}
