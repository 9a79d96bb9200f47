import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Tensor } from '../../ir/tensor.js';
import { loadModel, parseModel, saveModel } from '../../onnx/index.js';
import { loadSafetensors, saveSafetensors } from '../../safetensors/index.js';
import { floats, graph, initializer, model, node, nodeField, output } from './onnx-parts.js';

/** One way of replacing an old file set by a new one. */
export interface SaveScenario {
  /** Makes the old state in `folder`. */
  readonly prepare: (folder: string) => Promise<void>;
  /** Replaces it by the new one; `sources` holds what must exist beforehand and is not looked at. */
  readonly save: (folder: string, sources: string) => Promise<void>;
  readonly arrange?: (sources: string) => Promise<void>;
  /** A digest of what `folder` holds, read as a user would. */
  readonly content: (folder: string) => Promise<string>;
}

/** A model of three weights of 4 KiB, all of this value; its node tells the first from the others. */
export function weights(value: number): Uint8Array {
  const tensors = ['a', 'b', 'c'].map((name) => initializer(floats(name, [1024], new Array<number>(1024).fill(value))));
  return model(graph(...tensors, nodeField(node(value === 1 ? 'Sum' : 'Max', ['a', 'b', 'c'], ['y'])), output('y')));
}

/** A digest of everything the model at `path` says, its weights included. */
export async function contentOf(path: string): Promise<string> {
  const opened = await loadModel(path);
  const hash = createHash('sha256');
  for (const value of opened.graph.initializers()) hash.update(value.name).update(value.initializer!.hash());
  for (const { op } of opened.graph.nodes()) hash.update(op);
  return hash.digest('hex');
}

/** Every file under `folder`, by its path from there. */
export const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

/** A model with external data in a file whose name, after `prefix`, is the same whatever it holds. */
async function withSharedName(folder: string, value: number, prefix = ''): Promise<void> {
  const path = join(folder, 'm.onnx');
  await saveModel(parseModel(weights(value)), path, { externalData: 'always' });
  const [data] = filesOf(folder).filter((name) => name.endsWith('.data'));
  const fixed = prefix.padEnd(data!.length, 'w');
  const bytes = Buffer.from(readFileSync(path).toString('latin1').replaceAll(data!, fixed), 'latin1');
  writeFileSync(path, bytes);
  renameSync(join(folder, data!), join(folder, fixed));
}

const modelContent = (folder: string) => contentOf(join(folder, 'm.onnx'));

/** The ways in which this package writes files. */
export const SAVE_SCENARIOS: Readonly<Record<string, SaveScenario>> = {
  'a model in one file': {
    prepare: (folder) => saveModel(parseModel(weights(1)), join(folder, 'm.onnx')),
    save: (folder) => saveModel(parseModel(weights(2)), join(folder, 'm.onnx')),
    content: modelContent,
  },
  'a model over the file it was read from': {
    prepare: (folder) => saveModel(parseModel(weights(1)), join(folder, 'm.onnx')),
    save: async (folder) => {
      const opened = await loadModel(join(folder, 'm.onnx'));
      const value = opened.graph.value('b')!;
      opened.graph.setInitializer(value, Tensor.of('float32', [1024], new Float32Array(1024)));
      await saveModel(opened, join(folder, 'm.onnx'));
    },
    content: modelContent,
  },
  'a model with external data': {
    prepare: (folder) => saveModel(parseModel(weights(1)), join(folder, 'm.onnx'), { externalData: 'always' }),
    save: (folder) => saveModel(parseModel(weights(2)), join(folder, 'm.onnx'), { externalData: 'always' }),
    content: modelContent,
  },
  'an unedited model copied over another whose data file has the same name': {
    arrange: (sources) => withSharedName(sources, 2),
    prepare: (folder) => withSharedName(folder, 1),
    save: async (folder, sources) => saveModel(await loadModel(join(sources, 'm.onnx')), join(folder, 'm.onnx')),
    content: modelContent,
  },
  'an unedited model with external data in a folder, copied over a model in one file': {
    arrange: async (sources) => {
      mkdirSync(join(sources, 'sub'));
      await withSharedName(sources, 2, 'sub/');
    },
    prepare: (folder) => saveModel(parseModel(weights(1)), join(folder, 'm.onnx')),
    save: async (folder, sources) => saveModel(await loadModel(join(sources, 'm.onnx')), join(folder, 'm.onnx')),
    content: modelContent,
  },
  'a safetensors file': {
    prepare: (folder) => saveSafetensors(join(folder, 'w'), { tensors: new Map([['a', Tensor.scalar('int8', 1)]]) }),
    save: (folder) => saveSafetensors(join(folder, 'w'), { tensors: new Map([['a', Tensor.scalar('int8', 2)]]) }),
    content: async (folder) => (await loadSafetensors(join(folder, 'w'))).tensors.get('a')!.hash(),
  },
};
