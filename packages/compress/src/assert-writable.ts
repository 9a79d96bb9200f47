import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import type { SavableModel } from './savable-model.js';

/** Files that must not be written over: where a model came from, and what that was made from. */
type Origin = Pick<SavableModel, 'path'> & { readonly reference: Origin | undefined };

/** Throws before any work is done when the result, which is made of `from`, could not be written anyway. */
export function assertWritable(from: Origin | readonly Origin[], path: string, force: boolean): void {
  const directory = dirname(resolve(path));
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    throw new GossamerError('ERR_OUTPUT_PATH', `output: expected a path in an existing folder, received ${path}`);
  }
  if (!existsSync(path)) return;
  const models = Array.isArray(from) ? (from as readonly Origin[]) : [from as Origin];
  for (const model of models) {
    for (let input: Origin | undefined = model; input; input = input.reference) {
      if (input.path !== undefined && existsSync(input.path) && realpathSync(input.path) === realpathSync(path)) {
        throw new GossamerError('ERR_OUTPUT_PATH', `output: expected another file than the input, received ${path}`);
      }
    }
  }
  if (!statSync(path).isFile()) throw new GossamerError('ERR_OUTPUT_PATH', `output: expected a file, received ${path}`);
  if (!force) throw new GossamerError('ERR_OUTPUT_EXISTS', `output: expected a new path (or force), received ${path}`);
}
