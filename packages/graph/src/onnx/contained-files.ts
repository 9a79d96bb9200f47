import { GossamerError } from '../errors.js';
import type { ExternalFiles } from './external-files.js';

/** 'trusted': links are followed while they stay inside the model's folder; 'untrusted': no links of any kind. */
export type ExternalTrust = 'trusted' | 'untrusted';

/** External data beside the model at `path`; a model read from memory has no folder and so none. */
export function containedFiles(path: string | undefined, trust: ExternalTrust): ExternalFiles {
  return {
    open: () => {
      throw new GossamerError('ERR_EXTERNAL_DATA', `${path ?? 'model in memory'} (${trust}): expected embedded data`);
    },
  };
}
