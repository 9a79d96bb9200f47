import { factorize, type FactorizeOptions } from '../factorize.js';
import type { FolderResult } from './folder-result.js';
import { type FolderInput, processFolder, type ProcessFolderOptions } from './process-folder.js';

export interface FactorizeFolderOptions extends ProcessFolderOptions {
  /** As for one model. Data, and what needs them, have no place in a folder, whose parts take different inputs. */
  readonly factorize?: Omit<FactorizeOptions, 'signal' | 'onProgress' | 'data' | 'accuracy'>;
}

/** Factors the layers of each part of a folder, in the variant it has. The companions go along. */
export async function factorizeFolder(
  input: FolderInput,
  destination: string,
  options: FactorizeFolderOptions = {},
): Promise<FolderResult> {
  const { factorize: choice = {}, ...rest } = options;
  return processFolder(
    input,
    destination,
    {
      dtype: (from) => from,
      make: async (source, work) => {
        const { model, report } = await factorize(source, { ...choice, ...work });
        return { model, layers: report.layers, warnings: report.warnings };
      },
    },
    rest,
  );
}
