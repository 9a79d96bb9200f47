import { prune, type PruneOptions } from '../prune/prune.js';
import type { FolderResult } from './folder-result.js';
import { type FolderInput, processFolder, type ProcessFolderOptions } from './process-folder.js';

export interface PruneFolderOptions extends ProcessFolderOptions {
  /** As for one model. Data, and what needs them, have no place in a folder, whose parts take different inputs. */
  readonly prune: Omit<PruneOptions, 'signal' | 'onProgress' | 'data' | 'accuracy'>;
}

/** Prunes each part of a folder, in the variant it has. The companions go along. */
export async function pruneFolder(
  input: FolderInput,
  destination: string,
  options: PruneFolderOptions,
): Promise<FolderResult> {
  const { prune: choice, ...rest } = options;
  return processFolder(
    input,
    destination,
    {
      dtype: (from) => from,
      make: async (source, work) => {
        const { model, report } = await prune(source, { ...choice, ...work });
        return { model, layers: report.layers, warnings: report.warnings };
      },
    },
    rest,
  );
}
