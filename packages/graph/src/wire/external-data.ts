import { createHash } from 'node:crypto';
import type { ByteRange, ByteSource } from './byte-source.js';
import { wireError } from './error-codes.js';
import { type ExternalTrust, openExternalFile } from './external-path.js';
import { type ExternalReference, readExternalReference } from './external-reference.js';
import type { FileSource } from './file-source.js';
import type { WireMessage } from './wire-message.js';

/** Data files kept open at once: some exporters write one file a tensor, and descriptors are few. */
const OPEN_FILES = 32;
const HASH_PIECE_BYTES = 4 * 2 ** 20;

/**
 * The data files beside one model.
 *
 * Every reference is checked against the rules of `trust` and against the file's size before any byte is read. A data file replaced
 * or changed after its first use is reported as ERR_FILE_CHANGED.
 */
export class ExternalData {
  readonly #modelPath: string | undefined;
  readonly #trust: ExternalTrust;
  readonly #files = new Map<string, ExternalFile>();
  readonly #open: ExternalFile[] = [];

  /** `modelPath`: the model's file; undefined for a model in memory, which has no directory and so no external data. */
  constructor(modelPath: string | undefined, trust: ExternalTrust) {
    this.#modelPath = modelPath;
    this.#trust = trust;
  }

  /**
   * Where the `byteLength` bytes of an external TensorProto are. Nothing is read.
   *
   * Throws ERR_EXTERNAL_DATA (malformed entries), ERR_EXTERNAL_PATH (a location outside), ERR_EXTERNAL_RANGE (not as many bytes as
   * the shape needs, or past the end of the file) and what opening a file throws.
   */
  resolve(tensor: WireMessage, byteLength: number): ByteRange {
    const reference = readExternalReference(tensor);
    const { offset, length } = reference;
    const where = `external data ${JSON.stringify(reference.location.slice(0, 80))}`;
    if (length !== undefined && length !== byteLength) {
      throw wireError(
        'ERR_EXTERNAL_RANGE',
        `${where}: expected ${byteLength} bytes for the shape, received a length of ${length}`,
      );
    }
    const source = this.#file(reference.location);
    if (offset > source.byteLength - byteLength) {
      const range = `[${offset}, ${offset + byteLength})`;
      throw wireError(
        'ERR_EXTERNAL_RANGE',
        `${where}: expected a range within ${source.byteLength} bytes, received ${range}`,
      );
    }
    return { source, start: offset, end: offset + byteLength };
  }

  /** Reads the whole data file and throws ERR_EXTERNAL_CHECKSUM when its SHA-1 is not the recorded one; no checksum is no error. */
  verifyChecksum(reference: ExternalReference): void {
    if (reference.checksum === undefined) return;
    const source = this.#file(reference.location);
    const hash = createHash('sha1');
    for (let at = 0; at < source.byteLength; at += HASH_PIECE_BYTES) {
      hash.update(source.read(at, Math.min(at + HASH_PIECE_BYTES, source.byteLength)));
    }
    const digest = hash.digest('hex');
    if (digest === reference.checksum) return;
    const where = `external data ${JSON.stringify(reference.location.slice(0, 80))}`;
    throw wireError('ERR_EXTERNAL_CHECKSUM', `${where}: expected SHA-1 ${reference.checksum}, received ${digest}`);
  }

  /** Closes every data file; ranges handed out can no longer be read. */
  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
    this.#open.length = 0;
  }

  #file(location: string): ExternalFile {
    const modelPath = this.#modelPath;
    if (modelPath === undefined) {
      throw wireError('ERR_EXTERNAL_DATA', 'external data: expected a model read from a file, received one in memory');
    }
    let file = this.#files.get(location);
    if (file === undefined) {
      file = new ExternalFile(
        () => openExternalFile(modelPath, location, this.#trust),
        (used) => this.#touch(used),
      );
      this.#files.set(location, file);
    }
    return file;
  }

  /** Moves `used` to the end of the open files and closes the one that was not used for longest. */
  #touch(used: ExternalFile): void {
    const at = this.#open.indexOf(used);
    if (at >= 0) this.#open.splice(at, 1);
    this.#open.push(used);
    if (this.#open.length > OPEN_FILES) this.#open.shift()!.release();
  }
}

/** A data file that is opened when read and may be closed in between. */
class ExternalFile implements ByteSource {
  readonly isResident = false;
  readonly path: string;
  readonly identity: string;
  readonly byteLength: number;
  readonly #reopen: () => FileSource;
  readonly #touch: (file: ExternalFile) => void;
  #source: FileSource | undefined;
  #isClosed = false;

  constructor(reopen: () => FileSource, touch: (file: ExternalFile) => void) {
    this.#reopen = reopen;
    this.#touch = touch;
    this.#source = reopen();
    this.path = this.#source.path;
    this.identity = this.#source.identity;
    this.byteLength = this.#source.byteLength;
    touch(this);
  }

  read(start: number, end: number): Uint8Array {
    return this.#use().read(start, end);
  }

  readInto(start: number, target: Uint8Array): void {
    this.#use().readInto(start, target);
  }

  /** Gives the descriptor back; the next read opens the file again. */
  release(): void {
    this.#source?.close();
    this.#source = undefined;
  }

  close(): void {
    this.release();
    this.#isClosed = true;
  }

  #use(): FileSource {
    if (this.#isClosed)
      throw wireError('ERR_SOURCE_CLOSED', `${this.path}: expected an open source, received a closed one`);
    let source = this.#source;
    if (source === undefined) {
      source = this.#reopen();
      if (source.identity !== this.identity) {
        source.close();
        throw wireError(
          'ERR_FILE_CHANGED',
          `${this.path}: expected the file that was opened first, received another or a changed one`,
        );
      }
      this.#source = source;
    }
    this.#touch(this);
    return source;
  }
}
