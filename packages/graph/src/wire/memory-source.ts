import type { ByteSource } from './byte-source.js';
import { wireError } from './error-codes.js';

let nextId = 1;

/** A ByteSource over memory the caller promises not to change. Reads are views, never copies. */
export class MemorySource implements ByteSource {
  readonly path = undefined;
  readonly identity = `memory:${nextId++}`;
  readonly isResident = true;
  readonly byteLength: number;
  #bytes: Uint8Array | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.byteLength = bytes.byteLength;
  }

  read(start: number, end: number): Uint8Array {
    if (this.#bytes === undefined)
      throw wireError('ERR_SOURCE_CLOSED', 'memory source: expected open, received closed');
    if (!(start >= 0 && start <= end && end <= this.byteLength)) {
      throw wireError(
        'ERR_TRUNCATED',
        `read: expected a range within ${this.byteLength} bytes, received [${start}, ${end})`,
      );
    }
    return this.#bytes.subarray(start, end);
  }

  readInto(start: number, target: Uint8Array): void {
    target.set(this.read(start, start + target.byteLength));
  }

  close(): void {
    this.#bytes = undefined;
  }
}
