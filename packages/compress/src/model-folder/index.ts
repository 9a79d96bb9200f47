export { convertFolder, type ConvertFolderOptions } from './convert-folder.js';
export { factorizeFolder, type FactorizeFolderOptions } from './factorize-folder.js';
export type { FolderResult, PartResult } from './folder-result.js';
export {
  type FolderInspection,
  inspectFolder,
  type InspectFolderOptions,
  type PartInspection,
} from './inspect-folder.js';
export { optimizeFolder, type OptimizeFolderOptions } from './optimize-folder.js';
export type { FolderInput, ProcessFolderOptions } from './process-folder.js';
export { pruneFolder, type PruneFolderOptions } from './prune-folder.js';
export { quantizeFolder, type QuantizeFolderOptions } from './quantize-folder.js';
