import type { FolderDtype } from '@gossamer/graph/folder';
import type { OnnxModel } from '../onnx-model.js';
import type { WorkOptions } from '../progress.js';
import type { LayerResult } from '../result.js';
import type { GateOptions } from '../save-gate.js';

/** What an operation made of one part. */
export interface MadePart {
  readonly model: OnnxModel;
  readonly layers: readonly LayerResult[];
  readonly passes?: readonly { readonly pass: string; readonly changes: number }[];
  readonly warnings: readonly string[];
  /** What the gate must find beside a file that opens. */
  readonly accept?: NonNullable<GateOptions['accept']>;
}

/** What is done to each part of a folder in turn. */
export interface FolderOperation {
  /** The variant that `from` becomes; throws when there is none. */
  readonly dtype: (from: FolderDtype) => FolderDtype;
  /** `from`: the variant that `source` is. */
  readonly make: (source: OnnxModel, options: WorkOptions, from: FolderDtype) => Promise<MadePart>;
  /** Leave copies of an embedding table that a product reads as they are. Default false: it reads the table. */
  readonly keepCopies?: boolean;
  /** Make one decoder of the decoder without past and the one with it. Default false. */
  readonly mergeDecoders?: boolean;
}
