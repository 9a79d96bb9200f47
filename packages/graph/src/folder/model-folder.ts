import type { ExternalTrust } from '../wire/external-path.js';
import type { Companion } from './companion.js';
import type { FolderConfig } from './folder-config.js';
import type { FolderDtype } from './folder-dtype.js';
import type { PartRole } from './part-role.js';

/** One file of a part. */
export interface PartVariant {
  readonly dtype: FolderDtype;
  /** Relative to the folder. */
  readonly file: string;
  /** Files beside it that hold its large tensors, relative to the folder. */
  readonly dataFiles: readonly string[];
  /** Of the file and its data files. */
  readonly bytes: number;
}

/** One model of several that work together, in all the forms the folder has of it. */
export interface FolderPart {
  /** The file name without dtype and extension, e.g. `decoder_model_merged`. */
  readonly name: string;
  readonly role: PartRole;
  readonly variants: readonly PartVariant[];
}

/** A folder as transformers.js opens it. Nothing but config.json has been read. */
export interface ModelFolder {
  readonly path: string;
  readonly trust: ExternalTrust;
  /** Where the models lie: 'onnx/' as transformers.js expects, or '' as optimum exports. */
  readonly modelDirectory: 'onnx/' | '';
  readonly parts: readonly FolderPart[];
  /** What goes along byte for byte: configuration, tokenizer, licence, ... */
  readonly companions: readonly Companion[];
  readonly config: FolderConfig;
  /** Files that are neither part nor companion, each with the reason. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly warnings: readonly string[];
}
