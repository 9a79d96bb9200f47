import { join } from 'node:path';
import type { Model } from '../ir/model.js';
import { loadModel } from '../onnx/index.js';
import type { ReadLimits } from '../onnx/read-limits.js';
import type { FolderDtype } from './folder-dtype.js';
import { linkCaches } from './link-caches.js';
import type { ModelFolder, PartVariant } from './model-folder.js';
import { findVariant } from './open-model-folder.js';

export interface LoadPartOptions {
  /** Bounds on what the file may make this process do. */
  readonly limits?: Partial<ReadLimits>;
}

/**
 * Opens one part of a folder lazily, its caches stated as state. `variant`: one of the part's, or its dtype; default fp32. Throws
 * ERR_FOLDER_PART and what `loadModel` throws for a file that is no sound model.
 */
export async function loadFolderPart(
  folder: ModelFolder,
  part: string,
  variant: FolderDtype | PartVariant = 'fp32',
  options: LoadPartOptions = {},
): Promise<Model> {
  const { file } = typeof variant === 'string' ? findVariant(folder, part, variant) : variant;
  const model = await loadModel(join(folder.path, file), { trust: folder.trust, ...options });
  linkCaches(model);
  return model;
}
