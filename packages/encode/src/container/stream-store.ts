import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** Streams of a .gsm file, kept until their lengths are all known: the head has them. */
export interface StreamStore {
  readonly lengths: readonly number[];
  add(stream: Uint8Array): void;
  read(index: number): Uint8Array;
  close(): void;
}

/** Streams in memory. */
export class MemoryStore implements StreamStore {
  readonly #streams: Uint8Array[] = [];

  get lengths(): readonly number[] {
    return this.#streams.map(({ length }) => length);
  }

  add(stream: Uint8Array): void {
    this.#streams.push(stream);
  }

  read(index: number): Uint8Array {
    return this.#streams[index]!;
  }

  close(): void {}
}

/** Streams in a file at `path`, which must not be there and is the caller's to remove. */
export class FileStore implements StreamStore {
  readonly lengths: number[] = [];
  readonly #starts: number[] = [];
  readonly #file: number;
  #end = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'wx+');
  }

  add(stream: Uint8Array): void {
    for (let done = 0; done < stream.length;)
      done += writeSync(this.#file, stream, done, stream.length - done, this.#end + done);
    this.#starts.push(this.#end);
    this.lengths.push(stream.length);
    this.#end += stream.length;
  }

  read(index: number): Uint8Array {
    const stream = new Uint8Array(this.lengths[index]!);
    for (let done = 0; done < stream.length;) {
      const read = readSync(this.#file, stream, done, stream.length - done, this.#starts[index]! + done);
      if (read === 0) throw new Error('stream store: the file ended before its streams');
      done += read;
    }
    return stream;
  }

  close(): void {
    closeSync(this.#file);
  }
}
