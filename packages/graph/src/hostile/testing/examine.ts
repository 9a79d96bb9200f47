import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { evaluate } from '../../eval/index.js';
import { countMacs, inferTypes } from '../../inference/index.js';
import { checkGraph } from '../../ir/check.js';
import type { Model } from '../../ir/model.js';
import type { Tensor } from '../../ir/tensor.js';
import { type ExternalTrust, loadModel, saveModel } from '../../onnx/index.js';
import { runPasses } from '../../passes/index.js';
import { loadSafetensors } from '../../safetensors/index.js';
import type { HostileCase } from './hostile-case.js';

/** What evaluation may write: far more than any case here needs that is to succeed. */
const EVAL_ELEMENTS = 1e7;

/** How far the examination of a file came: the step that refused it, or `written` when nothing did. */
export type Step = 'open' | 'read' | 'write' | 'analyse' | 'fold' | 'run' | 'written';

/**
 * Does to a model from outside all that Gossamer's graph layer does to one: opens it, reads every tensor and attribute, writes it
 * back (byte for byte, or a plain Error), infers and counts, folds, infers strictly, and runs it where it has no inputs.
 */
export async function examineModel(
  path: string,
  trust: ExternalTrust,
  folder: string,
  onStep: (step: Step) => void,
  { skipsWriting = false, meanwhile }: HostileCase,
): Promise<void> {
  onStep('open');
  const model = await loadModel(path, { trust });
  checkGraph(model.graph);
  meanwhile?.(folder);
  onStep('read');
  readAll(model);
  onStep('write');
  if (!skipsWriting) await writeBack(model, path, folder);
  onStep('analyse');
  countMacs(model, inferTypes(model));
  onStep('fold');
  runPasses(model, 'default');
  onStep('analyse');
  inferTypes(model, { strict: true });
  onStep('run');
  if (model.graph.inputs.length === 0 && model.graph.outputs.length > 0 && isKnown(model)) {
    evaluate(model, {}, { elements: EVAL_ELEMENTS });
  }
  onStep('written');
}

/** Reads the header and every tensor. */
export async function examineSafetensors(path: string, onStep: (step: Step) => void): Promise<void> {
  onStep('open');
  const file = await loadSafetensors(path);
  onStep('read');
  for (const tensor of file.tensors.values()) readTensor(tensor);
  file.close();
  onStep('written');
}

/** Reads a TF.js model from its model.json, and every weight. */
export async function examineTfjs(path: string, trust: ExternalTrust, onStep: (step: Step) => void): Promise<void> {
  onStep('open');
  // Only here: what it takes to load is not the other readers'.
  const { loadTfjsModel } = await import('../../tfjs/index.js');
  const model = await loadTfjsModel(path, { trust });
  checkGraph(model.graph);
  onStep('read');
  readAll(model);
  onStep('analyse');
  inferTypes(model);
  onStep('written');
}

function readAll(model: Model): void {
  for (const scope of model.scopes()) {
    for (const value of scope.values()) {
      if (value.initializer) readTensor(value.initializer);
      if (value.sparse) [value.sparse.values, value.sparse.indices].forEach(readTensor);
    }
    for (const node of scope.nodes()) {
      for (const { content } of node.attributes.values()) {
        if (content.type === 'tensor') readTensor(content.value);
        else if (content.type === 'tensors') content.value.forEach(readTensor);
      }
    }
  }
}

function readTensor(tensor: Tensor): void {
  if (tensor.dtype === 'string') tensor.strings();
  else
    for (let at = 0; at < tensor.byteLength; at += 2 ** 20) tensor.bytes(at, Math.min(at + 2 ** 20, tensor.byteLength));
}

async function writeBack(model: Model, path: string, folder: string): Promise<void> {
  const written = join(folder, 'written.onnx');
  const size = statSync(path).size;
  await saveModel(model, written, { fsync: false });
  if (statSync(written).size !== size || !readFileSync(written).equals(readFileSync(path))) {
    throw new Error('an unedited model was not written back byte for byte');
  }
}

/** False where a node is of a domain nobody here knows: eval refuses it by design. */
function isKnown(model: Model): boolean {
  return [...model.graph.nodes()].every((node) => node.domain === '' && node.op !== '');
}
