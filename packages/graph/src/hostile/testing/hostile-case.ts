import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a case must end in: a code of GossamerError, or 'ok' (read, analysed and written back byte for byte). */
export type Outcome = string;

/** One hostile input: files that are made the same way every time, and what must come of opening them. */
export interface HostileCase {
  readonly name: string;
  /** Makes the files in an empty folder and returns the path of the one to open. */
  readonly make: (folder: string) => string;
  /** What must come of it with trust; undefined where the user's own large file may take what it takes. */
  readonly trusted: Outcome | undefined;
  /** What must come of it without. */
  readonly untrusted: Outcome;
  /** True where the file is not written back: it is too large, or its nodes are put in order. */
  readonly skipsWriting?: boolean;
  /** Done to the folder once the file is open and before its tensors are read. */
  readonly meanwhile?: (folder: string) => void;
}

/** The cases of one class of attack. */
export interface HostileFamily {
  readonly name: string;
  /** Which reader opens the files. */
  readonly format: 'onnx' | 'safetensors' | 'tfjs';
  /** Each case in a process of its own, so that the memory of one is not that of the one before; default false. */
  readonly isolated?: boolean;
  readonly cases: readonly HostileCase[];
}

/** A case of one file with these bytes. */
export function fileCase(name: string, expected: Outcome, bytes: () => Uint8Array): HostileCase {
  const make = (folder: string) => {
    const path = join(folder, 'model.onnx');
    writeFileSync(path, bytes());
    return path;
  };
  return { name, make, trusted: expected, untrusted: expected };
}

/** The same, where what is not used is only looked at in an untrusted file. */
export function deepCase(
  name: string,
  trusted: Outcome | undefined,
  untrusted: Outcome,
  bytes: () => Uint8Array,
): HostileCase {
  return { ...fileCase(name, untrusted, bytes), trusted };
}
