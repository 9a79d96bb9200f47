import type { ModelFolder } from './model-folder.js';
import { promisedDataFiles } from './folder-config.js';

type Folder = Omit<ModelFolder, 'warnings'>;

/** What transformers.js would not find in this folder, or would not look at. */
export function folderWarnings(folder: Folder): string[] {
  return [...inheritedWarnings(folder), ...missingVariants(folder), ...missingData(folder)];
}

/** Those that still hold of a folder made from one variant of this one; `isMerged`: with its decoders merged. */
export function inheritedWarnings(folder: Folder, isMerged = false): string[] {
  return [...misplacedModels(folder), ...(isMerged ? [] : splitDecoders(folder)), ...skippedFiles(folder)];
}

function misplacedModels({ modelDirectory }: Folder): string[] {
  return modelDirectory === '' ? ["models lie beside config.json: transformers.js looks in onnx/ (subfolder: '')"] : [];
}

function splitDecoders({ parts }: Folder): string[] {
  const roles = new Set(parts.map(({ role }) => role));
  if (!roles.has('decoder') || !roles.has('decoder-with-past') || roles.has('merged-decoder')) return [];
  return ['decoder_model and decoder_with_past_model: transformers.js opens decoder_model_merged; merge them'];
}

/** A variant can be opened only where every part has it. */
function missingVariants({ parts }: Folder): string[] {
  const all = new Set(parts.flatMap(({ variants }) => variants.map(({ dtype }) => dtype)));
  return [...all].flatMap((dtype) => {
    const without = parts.filter(({ variants }) => !variants.some((variant) => variant.dtype === dtype));
    if (without.length === 0) return [];
    return [`variant ${dtype}: expected of every part, ${without.map(({ name }) => name).join(', ')} has none`];
  });
}

function missingData({ parts, config, modelDirectory }: Folder): string[] {
  return parts.flatMap(({ name, variants }) =>
    variants.flatMap(({ file, dataFiles }) => {
      const promised = promisedDataFiles(config, file.slice(modelDirectory.length), name);
      if (promised === dataFiles.length) return [];
      return [
        `${file}: config.json promises ${promised} data files (use_external_data_format), ${dataFiles.length} are there`,
      ];
    }),
  );
}

function skippedFiles({ skipped }: Folder): string[] {
  const reasons = new Map<string, string[]>();
  for (const { path, reason } of skipped) reasons.set(reason, [...(reasons.get(reason) ?? []), path]);
  return Array.from(reasons, ([reason, paths]) => `left out, ${reason}: ${paths.join(', ')}`);
}
