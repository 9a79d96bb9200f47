import { type Dim, symbol } from '../../ir/dim.js';
import type { Tensor } from '../../ir/tensor.js';
import { Emitter } from '../emitter.js';
import { tfjsError } from '../error-codes.js';
import { asArray, asObject, asString, type JsonObject, property } from '../json.js';
import { type Operand, plainOperand } from '../operand.js';
import { finishOutputs } from '../outputs.js';
import type { Weights } from '../weights-manifest.js';
import { NodeDef, type OutputRef, parseRef } from './node-def.js';
import { findConverter } from './registry.js';
import { refuseUnsupported } from './refuse-unsupported.js';
import { neededNodes } from './schedule.js';
import { TfNode } from './tf-node.js';

/** Writes a graph model (a TensorFlow GraphDef) as an ONNX graph; nodes that no output needs are left out. */
export function convertGraphModel(
  json: JsonObject,
  topology: JsonObject,
  weights: Pick<Weights, 'tensors' | 'others'>,
): Emitter {
  const nodes = readNodes(topology);
  const signature = readSignature(json);
  const outputs = outputsOf(nodes, signature);
  const order = neededNodes(nodes, outputs);
  refuseUnsupported(order);
  const writer = new GraphWriter(weights);
  const inputs = inputsOf(nodes, signature);
  for (const node of inputs) writer.input(node, inputs.length === 1);
  for (const node of order) writer.convert(node);
  finishOutputs(
    writer.e,
    outputs.map((ref) => ({
      name: ref.output === 0 ? ref.node : `${ref.node}:${ref.output}`,
      operand: writer.result(ref),
    })),
  );
  return writer.e;
}

function readNodes(topology: JsonObject): Map<string, NodeDef> {
  const nodes = new Map<string, NodeDef>();
  for (const item of asArray(property(topology, 'node'), 'node')) {
    const node = new NodeDef(item);
    if (nodes.has(node.name)) {
      throw tfjsError('ERR_TFJS_MODEL', `node ${node.name.slice(0, 80)}: expected one of a name, received two`);
    }
    nodes.set(node.name, node);
  }
  return nodes;
}

interface Signature {
  readonly inputs: readonly OutputRef[];
  readonly outputs: readonly OutputRef[];
}

/** The tensors the model is called with, in order; empty lists where it does not say. */
function readSignature(json: JsonObject): Signature {
  const metadata = property(json, 'userDefinedMetadata');
  const inner =
    metadata === undefined || metadata === null ? undefined : property(asObject(metadata, 'metadata'), 'signature');
  const value = inner ?? property(json, 'signature');
  const signature: JsonObject = value === undefined || value === null ? {} : asObject(value, 'signature');
  const refs = (key: string): OutputRef[] => {
    const entries = asObject(property(signature, key) ?? {}, `signature.${key}`);
    const names = Object.values(entries).map((entry) =>
      asString(property(asObject(entry, key), 'name'), 'tensor name'),
    );
    return [...new Set(names)].map(parseRef);
  };
  return { inputs: refs('inputs'), outputs: refs('outputs') };
}

/** The signature's outputs, or else every result that no other node reads. */
function outputsOf(nodes: ReadonlyMap<string, NodeDef>, signature: Signature): readonly OutputRef[] {
  if (signature.outputs.length > 0) return signature.outputs;
  const read = new Set([...nodes.values()].flatMap(({ inputs }) => inputs.map(({ node }) => node)));
  const ends = [...nodes.values()].filter(({ name, op }) => !read.has(name) && op !== 'NoOp' && op !== 'Const');
  const outputs = ends.filter(({ op }) => op !== 'Placeholder').map(({ name }) => ({ node: name, output: 0 }));
  if (outputs.length === 0) throw tfjsError('ERR_TFJS_MODEL', 'graph: expected an output, received none');
  return outputs;
}

function inputsOf(nodes: ReadonlyMap<string, NodeDef>, signature: Signature): NodeDef[] {
  const named = signature.inputs
    .map(({ node }) => nodes.get(node))
    .filter((node) => node && isInput(node)) as NodeDef[];
  // A placeholder that the signature does not name must be fed all the same.
  const rest = [...nodes.values()].filter((node) => isInput(node) && !named.includes(node));
  return [...named, ...rest];
}

const isInput = ({ op }: NodeDef): boolean => op === 'Placeholder' || op === 'PlaceholderWithDefault';

class GraphWriter {
  readonly e = new Emitter('tfjs');
  readonly #results = new Map<string, readonly Operand[]>();

  constructor(private readonly weights: Pick<Weights, 'tensors' | 'others'>) {}

  /** A graph input for a Placeholder; unknown dims get symbols, the first of an only input `batch`. */
  input(node: NodeDef, isOnly: boolean): void {
    const dtype = node.dtype('dtype', 'float32');
    if (dtype === 'string') {
      throw tfjsError('ERR_TFJS_STRING_OP', `input ${node.name}: expected numbers, received strings`);
    }
    const shape = node.shape('shape')?.map((dim, axis): Dim => {
      if (dim >= 0) return dim;
      return symbol(axis === 0 && isOnly ? 'batch' : `${node.name}_${axis}`);
    });
    const operand = this.e.input(node.name, dtype, shape);
    if (node.op === 'PlaceholderWithDefault') this.e.setDefault(operand, this.#defaultOf(node));
    this.#results.set(node.name, [operand]);
  }

  /** What stands in for an input that is not fed: a constant. */
  #defaultOf(node: NodeDef): Tensor {
    const [ref] = node.inputs;
    const tensor = ref && this.weights.tensors.get(ref.node);
    if (tensor) return tensor;
    throw tfjsError(
      'ERR_TFJS_NODE',
      `${node.name.slice(0, 80)}: PlaceholderWithDefault default: expected a constant, received a computed value`,
    );
  }

  convert(node: NodeDef): void {
    if (this.#results.has(node.name)) return;
    this.e.begin(node.name);
    if (node.op === 'Const') {
      this.#results.set(node.name, [this.#constant(node.name)]);
      return;
    }
    const converter = findConverter(node.op);
    if (!converter) throw new Error(`node ${node.name}: ${node.op} has no converter and was not refused`);
    const operands = node.inputs.map((ref) => this.result(ref));
    if (!converter.takesComplex && operands.some(({ complex }) => complex)) {
      throw tfjsError(
        'ERR_TFJS_NODE',
        `${node.name.slice(0, 80)}: ${node.op} operand: expected real numbers, received complex ones`,
      );
    }
    const results = converter.convert(new TfNode(this.e, node, operands));
    if (results[0]) this.e.nameResult(results[0]);
    this.#results.set(node.name, results);
  }

  result(ref: OutputRef): Operand {
    const operand = this.#results.get(ref.node)?.[ref.output];
    if (operand) return operand;
    throw tfjsError(
      'ERR_TFJS_MODEL',
      `node ${ref.node.slice(0, 80)}: expected an output ${ref.output} before its use, received none`,
    );
  }

  #constant(name: string): Operand {
    const { tensors, others } = this.weights;
    if (others.get(name) === 'string') {
      throw tfjsError('ERR_TFJS_STRING_OP', `constant ${name.slice(0, 80)}: expected numbers, received strings`);
    }
    const tensor = tensors.get(name);
    if (!tensor)
      throw tfjsError('ERR_TFJS_WEIGHTS', `constant ${name}: expected it in the weights manifest, received none`);
    return plainOperand(this.e.weight(name, tensor));
  }
}
