import type { FolderDtype, PartRole } from '@gossamer/graph/folder';
import type { Verification } from '@gossamer/runtime';
import type { Bytes } from '../bytes.js';
import type { LayerResult } from '../result.js';

/** What became of one part of a folder. */
export interface PartResult {
  readonly name: string;
  readonly role: PartRole;
  /** The variant it was made from. */
  readonly from: FolderDtype;
  /** The variant it is: what transformers.js takes as `dtype`. */
  readonly dtype: FolderDtype;
  /** Relative to the new folder. */
  readonly file: string;
  readonly dataFiles: readonly string[];
  readonly bytes: Bytes;
  readonly layers: readonly LayerResult[];
  /** What each pass changed, where passes were run. */
  readonly passes?: readonly { readonly pass: string; readonly changes: number }[];
  readonly warnings: readonly string[];
  /** What the gate measured; undefined when it was skipped. */
  readonly verification: Verification | undefined;
}

/** What a compressing command reports about the folder it wrote. */
export interface FolderResult {
  readonly output: string;
  readonly status: 'done';
  /** Of the models: those read, those written. */
  readonly bytes: Bytes;
  readonly parts: readonly PartResult[];
  /** Files that went along, relative to the folder. */
  readonly companions: readonly string[];
  readonly warnings: readonly string[];
  readonly cost: { readonly makeSeconds: number; readonly gateSeconds: number; readonly peakRssMb: number };
}
