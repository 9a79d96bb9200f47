import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { loadModel, saveModel } from '@gossamer/graph/onnx';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { repositoryFolder } from '../package-folder.js';
import { realModelFiles } from '../real-model-files.js';
import { tarFiles } from '../tar.js';

interface Copy {
  readonly name: string;
  readonly bytes: number;
  readonly isEqual: boolean;
}

/** Byte-identical copies of every model of the ONNX node tests and of every real model. */
export const roundTrip: Suite = {
  name: 'round-trip',
  about: 'reads and writes 915 node-test models and every real model, and compares the bytes',
  async run(context) {
    const standard = await copyNodeTests(context);
    const real: Copy[] = [];
    for (const { name, path } of realModelFiles()) real.push(await copy(name, path, context));
    const claim = (what: string, copies: readonly Copy[]) => {
      const equal = copies.filter(({ isEqual }) => isEqual).length;
      const failed = copies.filter(({ isEqual }) => !isEqual).map(({ name }) => name);
      const measured = `${equal} of ${copies.length}${failed.length > 0 ? `; not: ${failed.join(', ')}` : ''}`;
      return {
        claim: `copies of ${what} are byte-identical`,
        measured,
        holds: failed.length === 0 && copies.length > 0,
      };
    };
    return {
      summary:
        'Every model is opened and saved again without an edit; the copy is compared with the original byte for byte.',
      claims: [claim('the ONNX node-test models', standard), claim('the real models', real)],
      tables: [
        {
          title: 'Real models',
          columns: ['model', 'bytes', 'copy'],
          rows: real.map(({ name, bytes, isEqual }) => [name, String(bytes), isEqual ? 'identical' : 'differs']),
        },
      ],
      data: { nodeTests: standard.length, real },
    };
  },
};

async function copyNodeTests(context: SuiteContext): Promise<Copy[]> {
  const archive = brotliDecompressSync(readFileSync(join(repositoryFolder(), 'fixtures', 'onnx-node-tests.tar.br')));
  const copies: Copy[] = [];
  for (const { path, content } of tarFiles(archive)) {
    if (!path.endsWith('.onnx')) continue;
    const file = join(context.scratch, 'node-test.onnx');
    writeFileSync(file, content);
    copies.push(await copy(path, file, context));
  }
  context.say(`${copies.length} node-test models`);
  return copies;
}

async function copy(name: string, path: string, { scratch, signal }: SuiteContext): Promise<Copy> {
  signal.throwIfAborted();
  const written = join(scratch, 'copy.onnx');
  await saveModel(await loadModel(path), written, { fsync: false });
  const original = readFileSync(path);
  return { name, bytes: original.length, isEqual: original.equals(readFileSync(written)) };
}
