import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import type { Model, Tensor } from '@gossamer/graph';
import { parseModel } from '@gossamer/graph/onnx';
import { repositoryFolder } from '../package-folder.js';
import { tarFiles } from '../tar.js';

/** One backend node test of the ONNX standard whose values are all tensors; undefined: an optional that holds nothing. */
export interface NodeTest {
  readonly name: string;
  readonly model: () => Model;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly (Tensor | undefined)[];
}

// Field numbers of onnx.proto, with wire type 2 (length-delimited): ModelProto.graph, GraphProto.initializer.
const MODEL_GRAPH = (7 << 3) | 2;
const GRAPH_INITIALIZER = (5 << 3) | 2;

function lengthDelimited(tag: number, content: Uint8Array): Uint8Array {
  const head = [tag];
  for (let rest = content.length; ; rest = Math.floor(rest / 128)) {
    head.push(rest < 128 ? rest : (rest % 128) | 128);
    if (rest < 128) break;
  }
  return Uint8Array.from([...head, ...content]);
}

/** An encoded TensorProto, read as the only initializer of a model; undefined when it is of another kind. */
function readTensor(bytes: Uint8Array): Tensor | undefined {
  try {
    const model = parseModel(lengthDelimited(MODEL_GRAPH, lengthDelimited(GRAPH_INITIALIZER, bytes)));
    const tensor = [...model.graph.initializers()][0]?.initializer;
    tensor?.bytes();
    return tensor;
  } catch {
    return undefined;
  }
}

/** The node tests of `fixtures/onnx-node-tests.tar.br`, by name: the first data set of each. */
export function nodeTestCases(): NodeTest[] {
  const archive = brotliDecompressSync(readFileSync(join(repositoryFolder(), 'fixtures', 'onnx-node-tests.tar.br')));
  const drafts = new Map<string, { model?: Uint8Array; inputs: Tensor[]; outputs: Tensor[] }>();
  for (const { path, content } of tarFiles(archive)) {
    const [, name = '', folder = '', file] = path.split('/');
    const draft = drafts.get(name) ?? { inputs: [], outputs: [] };
    drafts.set(name, draft);
    if (folder === 'model.onnx') draft.model = content;
    const part = /^(input|output)_(\d+)\.pb$/.exec(file ?? '');
    if (folder !== 'test_data_set_0' || !part) continue;
    const tensor = readTensor(content);
    if (tensor) draft[part[1] === 'input' ? 'inputs' : 'outputs'][Number(part[2])] = tensor;
  }
  return [...drafts].map(([name, { model, inputs, outputs }]) => ({
    name,
    model: () => parseModel(model!),
    inputs,
    outputs,
  }));
}
