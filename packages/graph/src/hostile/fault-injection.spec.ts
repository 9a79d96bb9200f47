import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join, relative } from 'node:path';
import { isGossamerError } from '../errors.js';
import { Tensor } from '../ir/tensor.js';
import { loadModel, parseModel, saveModel } from '../onnx/index.js';
import { saveSafetensors, loadSafetensors } from '../safetensors/index.js';
import { rejectionCode } from '../testing/error-code.js';
import { type Fault, withFault, withoutProgress } from '../testing/faulty-fs.js';
import { useTempDir } from '../testing/temp-dir.js';
import { ChunkList, writeAtomically } from '../wire/index.js';
import { floats, graph, initializer, model, node, nodeField, output } from './testing/onnx-parts.js';

const FAULTS: readonly Fault[] = ['EIO', 'ENOSPC', 'EINTR', 'short'];

/** A model of three weights of 4 KiB, all of this value; its node tells the first from the others. */
function weights(value: number): Uint8Array {
  const tensors = ['a', 'b', 'c'].map((name) => initializer(floats(name, [1024], new Array<number>(1024).fill(value))));
  return model(graph(...tensors, nodeField(node(value === 1 ? 'Sum' : 'Max', ['a', 'b', 'c'], ['y'])), output('y')));
}

/** A digest of everything the model at `path` says, its weights included. */
async function contentOf(path: string): Promise<string> {
  const opened = await loadModel(path);
  const hash = createHash('sha256');
  for (const value of opened.graph.initializers()) hash.update(value.name).update(value.initializer!.hash());
  for (const { op } of opened.graph.nodes()) hash.update(op);
  return hash.digest('hex');
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

interface Scenario {
  /** Makes the old state in `folder`. */
  readonly prepare: (folder: string) => Promise<void>;
  /** Replaces it by the new one; `sources` holds what must exist beforehand and is not looked at. */
  readonly save: (folder: string, sources: string) => Promise<void>;
  readonly arrange?: (sources: string) => Promise<void>;
  readonly content: (folder: string) => Promise<string>;
}

const modelContent = (folder: string) => contentOf(join(folder, 'm.onnx'));

const SCENARIOS: Readonly<Record<string, Scenario>> = {
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

/** A model with external data in a file whose name, after `prefix`, is the same whatever it holds. */
async function withSharedName(folder: string, value: number, prefix = ''): Promise<void> {
  const path = join(folder, 'm.onnx');
  await saveModel(parseModel(weights(value)), path, { externalData: 'always' });
  const [data] = filesOf(folder).filter((name) => name.endsWith('.data'));
  const fixed = prefix.padEnd(data!.length, 'w');
  const bytes = Buffer.from(readFileSync(path).toString('latin1').replaceAll(data!, fixed), 'latin1');
  await fsPromises.writeFile(path, bytes);
  await fsPromises.rename(join(folder, data!), join(folder, fixed));
}

describe('every file call of a save fails in turn', () => {
  const directory = useTempDir();

  it.each(Object.entries(SCENARIOS))(
    '%s: the old or the new, never a mix, nothing left behind',
    async (_, scenario) => {
      const at = (name: string) => join(directory(), name);
      for (const name of ['old', 'new', 'sources']) mkdirSync(at(name));
      await scenario.prepare(at('old'));
      await scenario.arrange?.(at('sources'));
      cpSync(at('old'), at('new'), { recursive: true });
      const { calls, error } = await withFault(0, 'EIO', () => scenario.save(at('new'), at('sources')));
      expect(error).toBeUndefined();
      const [before, after] = [await scenario.content(at('old')), await scenario.content(at('new'))];
      expect(after).not.toBe(before);
      const [oldFiles, newFiles] = [filesOf(at('old')), filesOf(at('new'))];

      const wrong: string[] = [];
      let failed = 0;
      for (const fault of FAULTS) {
        for (let number = 1; number <= calls.length; number++) {
          const folder = at(`${fault}-${number}`);
          cpSync(at('old'), folder, { recursive: true });
          const run = await withFault(number, fault, () => scenario.save(folder, at('sources')));
          const where = `${fault} in call ${number}, ${run.calls[number - 1]}`;
          if (run.error !== undefined) failed++;
          if (run.error !== undefined && !isGossamerError(run.error)) wrong.push(`${where}: ${String(run.error)}`);
          const content = await scenario.content(folder).catch((broken: unknown) => String(broken));
          const isNew = content === after;
          if (!isNew && content !== before) wrong.push(`${where}: neither old nor new (${content})`);
          if (run.error === undefined && !isNew) wrong.push(`${where}: resolved, and the old is there`);
          const expected = isNew ? newFiles : oldFiles;
          const files = filesOf(folder);
          if (files.join() !== expected.join()) wrong.push(`${where}: left ${files.join()}, not ${expected.join()}`);
        }
      }
      expect(wrong).toEqual([]);
      // A check must be able to fail: most faults are noticed.
      expect(failed).toBeGreaterThan(calls.length);
    },
  );

  it('a disk that takes no bytes is an error, not a wait', async () => {
    const { open } = fsPromises;
    const spy = jest
      .spyOn(fsPromises, 'open')
      .mockImplementation(async (...args) => withoutProgress(await open(...args)));
    try {
      const write = writeAtomically(join(directory(), 'out'), ChunkList.of(new Uint8Array(10)));
      expect(await rejectionCode(write)).toBe('ERR_WRITE_FAILED');
    } finally {
      spy.mockRestore();
    }
    expect(filesOf(directory())).toEqual([]);
  });
});
