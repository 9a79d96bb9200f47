import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { tarFiles } from './tar.js';

/** One backend node test of the ONNX standard. */
export interface NodeTestCase {
  /** Folder name, e.g. `test_add_bcast`. */
  readonly name: string;
  /** Encoded ModelProto. */
  readonly model: Uint8Array;
  /** Encoded TensorProto (or SequenceProto, OptionalProto, as the model's types say), in the order of the graph's inputs and outputs. */
  readonly dataSets: readonly { readonly inputs: readonly Uint8Array[]; readonly outputs: readonly Uint8Array[] }[];
}

const ARCHIVE = join(__dirname, '../../../../fixtures/onnx-node-tests.tar.br');

let cases: readonly NodeTestCase[] | undefined;

/** The 915 cases of `fixtures/onnx-node-tests.tar.br`, by name. Unpacked in memory once a process; do not write to the bytes. */
export function nodeTestCases(): readonly NodeTestCase[] {
  return (cases ??= readCases());
}

interface DraftCase {
  name: string;
  model: Uint8Array | undefined;
  dataSets: { inputs: Uint8Array[]; outputs: Uint8Array[] }[];
}

function readCases(): NodeTestCase[] {
  const drafts = new Map<string, DraftCase>();
  for (const { path, content } of tarFiles(brotliDecompressSync(readFileSync(ARCHIVE)))) {
    const [, name = '', file = '', part] = path.split('/');
    let draft = drafts.get(name);
    if (draft === undefined) drafts.set(name, (draft = { name, model: undefined, dataSets: [] }));
    if (part === undefined) draft.model = content;
    else addTensor(draft, file, part, content);
  }
  return [...drafts.values()].map(({ name, model, dataSets }) => {
    if (model === undefined) throw new Error(`${name}: no model.onnx in the archive`);
    return { name, model, dataSets };
  });
}

function addTensor(draft: DraftCase, folder: string, file: string, content: Uint8Array): void {
  const set = /^test_data_set_(\d+)$/.exec(folder);
  const part = /^(input|output)_(\d+)\.pb$/.exec(file);
  if (set === null || part === null) throw new Error(`${draft.name}: unexpected ${folder}/${file}`);
  const dataSet = (draft.dataSets[Number(set[1])] ??= { inputs: [], outputs: [] });
  dataSet[part[1] === 'input' ? 'inputs' : 'outputs'][Number(part[2])] = content;
}
