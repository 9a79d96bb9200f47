import { attribute } from '../ir/attribute.js';
import { copyNodes } from '../ir/clone.js';
import { Graph } from '../ir/graph.js';
import { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { tensorType, type TensorType, type ValueType } from '../ir/value-type.js';
import { equalDims } from '../ir/dim.js';
import { folderError } from './error-codes.js';
import { linkCaches } from './link-caches.js';
import { placeInitializers } from './place-initializers.js';

const SWITCH = 'use_cache_branch';

/**
 * One decoder that does the work of two: an If on the input `use_cache_branch` (bool [1]) around `withPast` (true) and `decoder` (false),
 * as optimum writes it and transformers.js opens it. Initializers that both hold stand once, in the outer scope. Inputs are those of
 * either; outputs those of `decoder`. What `withPast` does not give out (caches of cross-attention, which do not change) it gives out
 * empty. Neither model changes.
 *
 * Throws ERR_MERGE_DECODERS when opsets differ, a function is defined by both, a name has two types, or `withPast` has more outputs.
 * Source: optimum-onnx, optimum/onnx/graph_transformations.py, merge_decoders.
 */
export function mergeDecoders(decoder: Model, withPast: Model): Model {
  const opsets = mergeOpsets(decoder, withPast);
  const functions = mergeFunctions(decoder, withPast);
  const graph = new Graph('merged');
  const inputs = mergeInputs(graph, decoder, withPast);
  const condition = graph.addInput(SWITCH, tensorType('bool', [1]));
  const names = outputNames(decoder, withPast);
  const shared = placeInitializers(graph, [decoder.graph, withPast.graph], names);
  const node = graph.add({
    op: 'If',
    name: 'use_cache_branch_if',
    inputs: [condition],
    outputs: names.map((name) => graph.declare(name, joinedType(decoder, withPast, name))),
  });
  const branchOf = (model: Model, name: string): Graph => {
    const branch = new Graph(name, { node, attribute: name, index: 0 });
    fillBranch(branch, model.graph, new Map([...inputs.get(model)!, ...shared]), names);
    return branch;
  };
  // The attribute is set once the branch is whole: values of outer scopes are found by object, not by name.
  graph.setAttribute(node, 'then_branch', { type: 'graph', value: branchOf(withPast, 'then_branch') });
  graph.setAttribute(node, 'else_branch', { type: 'graph', value: branchOf(decoder, 'else_branch') });
  for (const value of node.outputs) graph.addOutput(value!);
  const { producerName, producerVersion, metadata } = decoder;
  const irVersion = Math.max(decoder.irVersion, withPast.irVersion);
  const warnings = [...new Set([...decoder.warnings, ...withPast.warnings])];
  const merged = new Model({ irVersion, opsets, graph, functions, producerName, producerVersion, metadata, warnings });
  linkCaches(merged);
  return merged;
}

function refuse(what: string, expected: string, received: string): Error {
  return folderError('ERR_MERGE_DECODERS', `${what}: expected ${expected}, received ${received}`);
}

function mergeOpsets(decoder: Model, withPast: Model): Map<string, number> {
  const opsets = new Map(decoder.opsets);
  for (const [domain, version] of withPast.opsets) {
    const other = opsets.get(domain) ?? version;
    if (other !== version) {
      throw refuse(`opset ${domain || 'ai.onnx'}`, 'one version in both decoders', `${other} and ${version}`);
    }
    opsets.set(domain, version);
  }
  return opsets;
}

function mergeFunctions(decoder: Model, withPast: Model): Model['functions'] {
  const both = decoder.functions.find((f) => withPast.function(f.domain, f.name, f.overload));
  if (both) throw refuse(`function ${both.domain}:${both.name}`, 'one decoder that defines it', 'both');
  return [...decoder.functions, ...withPast.functions];
}

/** The inputs of either model as inputs of `graph`, and what each model's own become. */
function mergeInputs(graph: Graph, ...models: readonly Model[]): Map<Model, Map<Value, Value>> {
  const inputs = new Map<Model, Map<Value, Value>>();
  for (const model of models) {
    const copies = new Map<Value, Value>();
    for (const value of model.graph.inputs) {
      if (value.initializer || value.sparse) {
        // Below IR version 4 weights are inputs too, which nobody feeds.
        if (model.irVersion < 4) continue;
        throw refuse(`input ${value.name}`, 'one without a default value', 'one with it');
      }
      if (value.name === SWITCH)
        throw refuse('decoders', `two without the input ${SWITCH}`, 'one that is merged already');
      const known = graph.value(value.name);
      if (known) graph.setType(known, joinTypes(value.name, known.type, value.type));
      copies.set(value, known ?? graph.addInput(value.name, value.type));
    }
    inputs.set(model, copies);
  }
  return inputs;
}

function outputNames(decoder: Model, withPast: Model): string[] {
  const names = decoder.graph.outputs.map(({ name }) => name);
  const extra = withPast.graph.outputs.find(({ name }) => !names.includes(name));
  if (extra)
    throw refuse(`output ${extra.name}`, 'one that the decoder without past has too', 'one of the other alone');
  return names;
}

function joinedType(decoder: Model, withPast: Model, name: string): ValueType | undefined {
  const [first, second] = [decoder, withPast].map(({ graph }) => graph.outputs.find((value) => value.name === name));
  if (!second) return first!.type;
  return joinTypes(name, first!.type, second.type);
}

/** The type that holds both; sizes that differ are open. */
function joinTypes(name: string, a: ValueType | undefined, b: ValueType | undefined): ValueType | undefined {
  if (!a || !b) return undefined;
  if (a.kind !== 'tensor' || b.kind !== 'tensor' || a.dtype !== b.dtype) {
    throw refuse(name, 'a tensor of one dtype in both decoders', `${nameOf(a)} and ${nameOf(b)}`);
  }
  if (!a.shape || !b.shape) return tensorType(a.dtype);
  if (a.shape.length !== b.shape.length) {
    throw refuse(name, 'one rank in both decoders', `${a.shape.length} and ${b.shape.length}`);
  }
  const other = b.shape;
  const shape = a.shape.map((dim, axis) => {
    if (dim === undefined || other[axis] === undefined || equalDims(dim, other[axis]!)) return dim;
    // A fixed size on one side (1 token) is one value of the open size on the other.
    return typeof dim === 'number' ? (typeof other[axis] === 'number' ? undefined : other[axis]) : dim;
  });
  return tensorType(a.dtype, shape);
}

const nameOf = (type: ValueType): string => (type.kind === 'tensor' ? String((type as TensorType).dtype) : type.kind);

/** The body of one decoder as a branch, with outputs in the order of `names`. */
function fillBranch(branch: Graph, body: Graph, copies: Map<Value, Value>, names: readonly string[]): void {
  copyNodes(body, branch, copies);
  const results = new Set(names);
  for (const value of [...branch.values()]) {
    // Nothing may hide a value of the scope around, but what makes an output of the If may have its name.
    const isHiding = !results.has(value.name) && branch.owner!.node.graph.value(value.name) !== undefined;
    if (isHiding) branch.rename(value, branch.uniqueName(value.name));
  }
  const outputs = new Map(body.outputs.map((value) => [value.name, value]));
  for (const name of names) {
    const value = outputs.get(name);
    if (!value) {
      branch.addOutput(placeholder(branch, name));
      continue;
    }
    const copy = copies.get(value)!;
    // A branch cannot hand out a value of the scope around it, nor one value twice.
    const isOwn = copy.graph === branch && copy.producer !== undefined && copy.outputCount === 0;
    branch.addOutput(isOwn ? copy : branch.add({ op: 'Identity', inputs: [copy], outputs: [`${name}_again`] }).output);
  }
}

/**
 * An empty constant in the place of an output: size 0 along the first open axis, 1 along the other ones. Its rank has to be declared.
 * Source: the same project, transformations_utils.py, _unify_onnx_outputs.
 */
function placeholder(branch: Graph, name: string): Value {
  const type = branch.owner!.node.outputs.find((value) => value?.name === name)!.type;
  if (type?.kind !== 'tensor' || !type.shape || !type.dtype || type.shape.length === 0 || type.dtype === 'string') {
    throw refuse(`output ${name}`, 'a declared dtype and shape', 'none');
  }
  const empty = Math.max(
    0,
    type.shape.findIndex((dim) => typeof dim !== 'number'),
  );
  const dims = type.shape.map((dim, axis) => (axis === empty ? 0 : typeof dim === 'number' ? dim : 1));
  const value = Tensor.fromNumbers(type.dtype, dims, []);
  return branch.add({
    op: 'Constant',
    inputs: [],
    outputs: [branch.declare(name, type)],
    attributes: { value: attribute.tensor(value) },
  }).output;
}
