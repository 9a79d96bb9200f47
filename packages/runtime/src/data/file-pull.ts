import { GossamerError } from '@gossamer/graph';
import { read } from 'node:fs';
import { promisify } from 'node:util';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { BytePull } from './byte-pull.js';

const readAt = promisify(read);
/** Bytes asked for at a time; the system takes no more than 2^31 - 1. */
const MAX_READ = 2 ** 30;

/** Takes bytes [at, end) of an open file straight into the buffers that want them. The descriptor is its owner's to close. */
export class FilePull implements BytePull {
  #at: number;

  constructor(
    private readonly label: string,
    private readonly descriptor: number,
    start: number,
    private readonly end: number,
  ) {
    this.#at = start;
  }

  async take(count: number, out = new Uint8Array(count)): Promise<Uint8Array<ArrayBuffer>> {
    if (count > this.end - this.#at) throw this.#fail(`expected ${count} more bytes, received the end`);
    for (let filled = 0; filled < count;) {
      const bytesRead = await this.#read(out, filled, Math.min(count - filled, MAX_READ));
      if (bytesRead === 0) throw this.#fail(`expected ${count - filled} more bytes, received the end`);
      filled += bytesRead;
      this.#at += bytesRead;
    }
    return out;
  }

  async #read(out: Uint8Array, offset: number, length: number): Promise<number> {
    try {
      return (await readAt(this.descriptor, out, offset, length, this.#at)).bytesRead;
    } catch (cause) {
      throw this.#fail(cause instanceof Error ? cause.message : String(cause), cause);
    }
  }

  #fail(reason: string, cause?: unknown): GossamerError<RuntimeErrorCode> {
    return new GossamerError('ERR_DATA_FILE', `${this.label}: ${reason}`, { cause });
  }

  close(): void {
    this.#at = this.end;
  }
}
