import { GossamerError } from '@gossamer/graph';
import { crc32 } from 'node:zlib';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { BytePull } from './byte-pull.js';

/** Bytes summed at a time: zlib counts them in 32 bits. */
const MAX_PIECE = 2 ** 30;

/** Takes what another pull gives and holds it, once all `length` bytes were taken, to the CRC-32 that the archive states. */
export class CheckedPull implements BytePull {
  #left: number;
  #sum = 0;

  constructor(
    private readonly label: string,
    private readonly pull: BytePull,
    length: number,
    private readonly expected: number,
  ) {
    this.#left = length;
  }

  async take(count: number, out?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.pull.take(count, out);
    for (let at = 0; at < bytes.length; at += MAX_PIECE) {
      this.#sum = crc32(bytes.subarray(at, at + MAX_PIECE), this.#sum);
    }
    this.#left -= count;
    if (this.#left !== 0 || this.#sum === this.expected) return bytes;
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_DATA_FILE',
      `${this.label}: expected CRC-32 ${hexadecimal(this.expected)}, received ${hexadecimal(this.#sum)}`,
    );
  }

  close(): void {
    this.pull.close();
  }
}

function hexadecimal(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}
