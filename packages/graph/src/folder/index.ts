export type { Companion, CompanionKind } from './companion.js';
export type { FolderErrorCode } from './error-codes.js';
export { DTYPE_SUFFIXES, FOLDER_DTYPES, type FolderDtype, parseFolderDtype, partFileName } from './folder-dtype.js';
export { type FolderConfig, promisedDataFiles, runnerConfig } from './folder-config.js';
export { inheritedWarnings } from './folder-warnings.js';
export { linkCaches } from './link-caches.js';
export { type LoadPartOptions, loadFolderPart } from './load-part.js';
export { mergeDecoders } from './merge-decoders.js';
export type { FolderPart, ModelFolder, PartVariant } from './model-folder.js';
export { findVariant, openModelFolder, type OpenFolderOptions } from './open-model-folder.js';
export type { PartRole } from './part-role.js';
export {
  fillModelFolder,
  type SavedFolder,
  type SavedPart,
  type SaveFolderOptions,
  saveModelFolder,
} from './save-model-folder.js';
export { assertFolderWritable, type FolderWriteOptions } from './write-folder.js';
