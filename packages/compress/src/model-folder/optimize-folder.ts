import { optimize, type OptimizeOptions, requireEqualOutputs } from '../optimize.js';
import type { FolderResult } from './folder-result.js';
import { type FolderInput, processFolder, type ProcessFolderOptions } from './process-folder.js';

export interface OptimizeFolderOptions extends ProcessFolderOptions, Pick<OptimizeOptions, 'passes' | 'raiseOpset'> {}

/** Folds, fuses and eliminates in each part of a folder, in the variant it has. The companions go along. */
export async function optimizeFolder(
  input: FolderInput,
  destination: string,
  options: OptimizeFolderOptions = {},
): Promise<FolderResult> {
  const { passes, raiseOpset = false, ...rest } = options;
  return processFolder(
    input,
    destination,
    {
      dtype: (from) => from,
      keepCopies: passes === 'none',
      make: async (source, work) => {
        const result = await optimize(source, { ...work, raiseOpset, ...(passes === undefined ? {} : { passes }) });
        const { model, applied, warnings } = result;
        return { model, layers: [], passes: applied, warnings, accept: requireEqualOutputs };
      },
    },
    rest,
  );
}
