import type { ModelFolder } from './model-folder.js';
import { promisedDataFiles } from './folder-config.js';

/** What transformers.js would not find in this folder, or would not look at. */
export function folderWarnings(folder: Omit<ModelFolder, 'warnings'>): string[] {
  return [...missingParts(folder), ...missingVariants(folder), ...missingData(folder), ...skippedFiles(folder)];
}

function missingParts({ parts, modelDirectory }: Omit<ModelFolder, 'warnings'>): string[] {
  const roles = new Set(parts.map(({ role }) => role));
  const warnings: string[] = [];
  if (modelDirectory === '')
    warnings.push("models lie beside config.json: transformers.js looks in onnx/ (subfolder: '')");
  const isSplit = roles.has('decoder') && roles.has('decoder-with-past');
  if (isSplit && !roles.has('merged-decoder')) {
    warnings.push('decoder_model and decoder_with_past_model: transformers.js opens decoder_model_merged; merge them');
  }
  return warnings;
}

/** A variant can be opened only where every part has it. */
function missingVariants({ parts }: Omit<ModelFolder, 'warnings'>): string[] {
  const all = new Set(parts.flatMap(({ variants }) => variants.map(({ dtype }) => dtype)));
  return [...all].flatMap((dtype) => {
    const without = parts.filter(({ variants }) => !variants.some((variant) => variant.dtype === dtype));
    if (without.length === 0) return [];
    return [`variant ${dtype}: expected of every part, ${without.map(({ name }) => name).join(', ')} has none`];
  });
}

function missingData({ parts, config, modelDirectory }: Omit<ModelFolder, 'warnings'>): string[] {
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

function skippedFiles({ skipped }: Omit<ModelFolder, 'warnings'>): string[] {
  const reasons = new Map<string, string[]>();
  for (const { path, reason } of skipped) reasons.set(reason, [...(reasons.get(reason) ?? []), path]);
  return Array.from(reasons, ([reason, paths]) => `left out, ${reason}: ${paths.join(', ')}`);
}
