import { wireError } from './error-codes.js';

/** Bounds that hold over one whole file, checked before anything is allocated. */
export interface WireLimits {
  /** Messages and groups inside one another, as in other protobuf readers; default 100. */
  readonly maxDepth: number;
  /** Fields parsed and messages opened, in total; default 2,000,000. */
  readonly maxFields: number;
  /** UTF-8 bytes of one string that is decoded; default 64 MiB. */
  readonly maxStringBytes: number;
  /** Elements of one repeated field decoded into a JavaScript array; default 4,194,304. Typed arrays have no such bound. */
  readonly maxListElements: number;
}

export const DEFAULT_WIRE_LIMITS: WireLimits = {
  maxDepth: 100,
  maxFields: 2_000_000,
  maxStringBytes: 64 * 2 ** 20,
  maxListElements: 2 ** 22,
};

/** Message bodies of a file that may stay in memory as contiguous buffers, in bytes. */
const RESIDENT_BUDGET = 32 * 2 ** 20;

/** What all messages of one opened file share: its limits and how much of them is used. */
export class WireBudget {
  readonly limits: WireLimits;
  #fields = 0;
  #residentBytes = 0;

  constructor(limits: Partial<WireLimits> = {}) {
    this.limits = { ...DEFAULT_WIRE_LIMITS, ...limits };
  }

  /** Fields parsed and messages opened so far. */
  get fields(): number {
    return this.#fields;
  }

  /** Counts one parsed field or opened message. Throws ERR_FIELD_BUDGET. */
  count(): void {
    if (++this.#fields > this.limits.maxFields) {
      const { maxFields } = this.limits;
      throw wireError('ERR_FIELD_BUDGET', `file: expected at most ${maxFields} fields and messages, received more`);
    }
  }

  /** Throws ERR_TOO_DEEP when `depth` is beyond the limit. */
  checkDepth(depth: number): void {
    if (depth > this.limits.maxDepth) {
      throw wireError('ERR_TOO_DEEP', `file: expected at most ${this.limits.maxDepth} nested messages, received more`);
    }
  }

  /** Throws ERR_STRING_LENGTH when a string of `byteLength` bytes must not be decoded. */
  checkString(byteLength: number): void {
    if (byteLength > this.limits.maxStringBytes) {
      const { maxStringBytes } = this.limits;
      throw wireError('ERR_STRING_LENGTH', `string: expected at most ${maxStringBytes} bytes, received ${byteLength}`);
    }
  }

  /** Throws ERR_LIST_LENGTH when a list of `count` elements must not be made. */
  checkList(count: number): void {
    if (count > this.limits.maxListElements) {
      const { maxListElements } = this.limits;
      throw wireError('ERR_LIST_LENGTH', `list: expected at most ${maxListElements} elements, received ${count}`);
    }
  }

  /** Asks to keep `byteLength` more bytes of message bodies in memory; false when the share is used up. */
  claimResident(byteLength: number): boolean {
    if (this.#residentBytes + byteLength > RESIDENT_BUDGET) return false;
    this.#residentBytes += byteLength;
    return true;
  }
}
