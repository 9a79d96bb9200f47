import { GossamerError } from '@gossamer/graph';
import type { Readable } from 'node:stream';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { BytePull } from './byte-pull.js';

/** Takes exact numbers of bytes from a stream, holding no more than one chunk besides. */
export class StreamPull implements BytePull {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(
    private readonly label: string,
    private readonly stream: Readable,
  ) {
    this.#chunks = (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  }

  async take(count: number, out = new Uint8Array(count)): Promise<Uint8Array<ArrayBuffer>> {
    let filled = 0;
    while (filled < count) {
      if (this.#rest.length === 0) this.#rest = await this.#pull(count, filled);
      const part = this.#rest.subarray(0, count - filled);
      out.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return out;
  }

  async #pull(wanted: number, filled: number): Promise<Uint8Array> {
    try {
      const { done, value } = await this.#chunks.next();
      if (!done) return value;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new GossamerError<RuntimeErrorCode>('ERR_DATA_FILE', `${this.label}: ${reason}`, { cause });
    }
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_DATA_FILE',
      `${this.label}: expected ${wanted - filled} more bytes, received the end`,
    );
  }

  close(): void {
    this.stream.destroy();
  }
}
