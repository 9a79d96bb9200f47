/** Takes exact numbers of bytes, one piece after the other. */
export interface BytePull {
  /** The next `count` bytes, in `out` (of that length) or a buffer of their own; throws ERR_DATA_FILE when there are fewer. */
  take(count: number, out?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  close(): void;
}
