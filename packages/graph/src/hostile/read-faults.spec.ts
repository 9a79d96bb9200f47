import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isGossamerError } from '../errors.js';
import type { Model } from '../ir/model.js';
import { loadModel, parseModel, saveModel } from '../onnx/index.js';
import { Tensor } from '../ir/tensor.js';
import { loadSafetensors, saveSafetensors } from '../safetensors/index.js';
import { type Fault, isPossible, withFault } from '../testing/faulty-fs.js';
import { useTempDir } from '../testing/temp-dir.js';
import { loadTfjsModel } from '../tfjs/index.js';
import { GraphDefBuilder } from '../tfjs/testing/graph-def.js';
import { noteFaults } from './testing/fault-notes.js';
import { weights } from './testing/save-scenarios.js';

// Keeps TF.js from advertising its native backend on the first operation.
tf.env().set('IS_TEST', true);

const FAULTS: readonly Fault[] = ['EIO', 'EINTR', 'EMFILE', 'EACCES', 'short', 'end'];

interface ReadScenario {
  readonly prepare: (folder: string) => Promise<void>;
  /** Everything that is in the files, as a digest. */
  readonly read: (folder: string) => Promise<string>;
}

function digest(model: Model): string {
  const hash = createHash('sha256');
  for (const value of model.graph.initializers()) hash.update(value.name).update(value.initializer!.hash());
  for (const node of model.graph.nodes()) hash.update(node.op);
  return hash.digest('hex');
}

const MODEL = parseModel(weights(1));

const SCENARIOS: Readonly<Record<string, ReadScenario>> = {
  'a model in one file': {
    prepare: (folder) => saveModel(MODEL, join(folder, 'm.onnx')),
    read: async (folder) => digest(await loadModel(join(folder, 'm.onnx'))),
  },
  'an untrusted model': {
    prepare: (folder) => saveModel(MODEL, join(folder, 'm.onnx')),
    read: async (folder) => digest(await loadModel(join(folder, 'm.onnx'), { trust: 'untrusted' })),
  },
  'a model with external data': {
    prepare: (folder) => saveModel(MODEL, join(folder, 'm.onnx'), { externalData: 'always' }),
    read: async (folder) => digest(await loadModel(join(folder, 'm.onnx'))),
  },
  'a safetensors file': {
    prepare: (folder) => {
      const a = Tensor.of('float32', [2048], new Float32Array(2048).fill(3));
      return saveSafetensors(join(folder, 'w'), { tensors: new Map([['a', a]]), metadata: new Map([['k', 'v']]) });
    },
    read: async (folder) => {
      const { tensors, metadata, close } = await loadSafetensors(join(folder, 'w'));
      try {
        return [...tensors].map(([name, tensor]) => `${name} ${tensor.hash()}`).join() + [...metadata].join();
      } finally {
        close();
      }
    },
  },
  'a TF.js model in two shards': {
    prepare: async (folder) => {
      const g = new GraphDefBuilder();
      const x = g.placeholder('x', 'DT_FLOAT', [-1, 40]);
      const w = g.constant(tf.fill([40, 40], 0.5));
      const saved = g.save([g.node('MatMul', [x, w], { transpose_a: false, transpose_b: false })]);
      const [group] = saved.json['weightsManifest'] as { paths: string[] }[];
      group!.paths = ['a.bin', 'b.bin'];
      writeFileSync(join(folder, 'a.bin'), saved.weights.subarray(0, 3001));
      writeFileSync(join(folder, 'b.bin'), saved.weights.subarray(3001));
      writeFileSync(join(folder, 'model.json'), JSON.stringify(saved.json));
    },
    read: async (folder) => digest(await loadTfjsModel(join(folder, 'model.json'))),
  },
};

/** Names of files under `folder` that this process holds open; none where the system does not tell. */
function openFiles(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(join('/proc/self/fd', fd));
      return path.startsWith(folder) ? [path] : [];
    } catch {
      // The descriptor of the listing itself.
      return [];
    }
  });
}

/** Collects garbage until nothing under `folder` is open: a model closes its files with its last tensor. */
async function settledOpenFiles(folder: string): Promise<string[]> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 20 && openFiles(folder).length > 0; round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return openFiles(folder);
}

interface Failures {
  readonly calls: number;
  readonly faults: number;
  readonly failed: number;
  readonly wrong: readonly string[];
}

/** Reads with every fault in every call. In a function of its own: an error holds what it was thrown in, and so its files. */
async function failEach(scenario: ReadScenario, folder: string): Promise<Failures> {
  let content = '';
  const read = async (): Promise<void> => {
    content = '';
    content = await scenario.read(folder);
  };
  const { calls, error } = await withFault(0, 'EIO', read);
  expect(error).toBeUndefined();
  const expected = content;
  const wrong: string[] = [];
  let [faults, failed] = [0, 0];
  for (const fault of FAULTS) {
    for (let number = 1; number <= calls.length; number++) {
      if (!isPossible(fault, calls[number - 1]!)) continue;
      const run = await withFault(number, fault, read);
      const where = `${fault} in call ${number}, ${calls[number - 1]}`;
      faults++;
      if (run.error === undefined && content !== expected) wrong.push(`${where}: other contents`);
      if (run.error === undefined) continue;
      failed++;
      if (!isGossamerError(run.error)) wrong.push(`${where}: ${String(run.error)}`);
    }
  }
  return { calls: calls.length, faults, failed, wrong };
}

describe('every file call of a read fails in turn', () => {
  const directory = useTempDir();

  it.each(Object.entries(SCENARIOS))(
    '%s: a code or the right contents, and no file stays open',
    async (name, scenario) => {
      const folder = directory();
      await scenario.prepare(folder);
      const { calls, faults, failed, wrong } = await failEach(scenario, folder);
      expect(wrong).toEqual([]);
      expect(await settledOpenFiles(folder)).toEqual([]);
      // A check must be able to fail: most faults are noticed, and short reads are made up for.
      expect(failed).toBeGreaterThan(faults / 2);
      expect(failed).toBeLessThan(faults);
      noteFaults({ what: `reading ${name}`, calls, faults, errors: failed });
    },
  );
});
