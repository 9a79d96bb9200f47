import { type Graph, type Model, SymbolicDim, type Value } from '@gossamer/graph';
import { detectState } from './detect-state.js';
import type { PortSpec } from './port-spec.js';

/** The inputs a model must be fed: those without a default (an initializer of the same name). State is marked optional. */
export function modelInputs(model: Model): PortSpec[] {
  const carried = new Set(detectState(model).map(({ input }) => input));
  const fed = model.graph.inputs.filter((input) => !input.initializer && !input.sparse);
  return fed.map((input) => (carried.has(input.name) ? { ...inputSpec(input), optional: true } : inputSpec(input)));
}

/** The outputs of a model, in order. */
export function modelOutputs(model: Model): PortSpec[] {
  return model.graph.outputs.map(portSpec);
}

function inputSpec(input: Value): PortSpec {
  const maximum = tableLimit(input, 0);
  return maximum === undefined ? portSpec(input) : { ...portSpec(input), maximum };
}

function portSpec(value: Value): PortSpec {
  const type = value.type;
  if (type?.kind !== 'tensor') return { name: value.name, dtype: undefined, shape: undefined };
  const shape = type.shape?.map((dim) => (dim instanceof SymbolicDim ? dim.toString() : dim));
  return { name: value.name, dtype: type.dtype, shape };
}

/** Operators that pass indices on unchanged, and how far they are followed. */
const CARRIERS = new Set(['Cast', 'Identity', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten']);
const MAX_DEPTH = 8;

/** The smallest table that Gather looks `value` up in. */
function tableLimit(value: Value, depth: number): number | undefined {
  let limit: number | undefined;
  const consider = (found: number | undefined) => {
    if (found !== undefined) limit = Math.min(limit ?? Infinity, found);
  };
  for (const { node, index } of value.uses) {
    if (node.isStandard('Gather') && index === 1) {
      const dims = tableDims(node.input(0), node.graph);
      const axis = node.int('axis', 0);
      consider(dims?.[axis < 0 ? axis + dims.length : axis]);
    } else if (index === 0 && depth < MAX_DEPTH && CARRIERS.has(node.op) && node.domain === '') {
      consider(tableLimit(node.output, depth + 1));
    }
  }
  return limit;
}

/** Dims of a constant table, also when it is kept quantized, cast or passed through Identity. */
function tableDims(value: Value | undefined, graph: Graph): readonly number[] | undefined {
  if (!value) return undefined;
  if (value.initializer) return value.initializer.dims;
  const producer = value.producer;
  if (!producer || producer.graph !== graph) return undefined;
  if (producer.isStandard('Constant')) return producer.constantTensor()?.dims;
  const carries = ['DequantizeLinear', 'Cast', 'Identity'].includes(producer.op);
  return carries ? tableDims(producer.input(0), graph) : undefined;
}
