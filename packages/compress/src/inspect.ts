import {
  countMacs,
  dtypeByteLength,
  inferTypes,
  type MacCount,
  type Model,
  type Tensor,
  type Value,
  weightViews,
} from '@gossamer/graph';
import { runPasses } from '@gossamer/graph/passes';
import { checkBindings } from './check-bindings.js';
import { constantTensors } from './constant-tensors.js';
import { fileBytes } from './file-bytes.js';
import { type ModelInput, toModel } from './onnx-model.js';

export interface InspectOptions {
  /** Sizes of symbolic dimensions for counting multiply-accumulates; default: every symbol 1. Unknown names are refused. */
  readonly bind?: Readonly<Record<string, number>>;
}

/** What a model is made of. Counts cover every scope: branches, loop bodies, functions. */
export interface Inspection {
  readonly path: string | undefined;
  readonly opset: number;
  readonly opsets: Readonly<Record<string, number>>;
  readonly irVersion: number;
  readonly producer: string;
  readonly inputs: readonly PortInspection[];
  readonly outputs: readonly PortInspection[];
  readonly nodes: number;
  /** Operator -> occurrences, most frequent first. */
  readonly ops: Readonly<Record<string, number>>;
  /** Elements of all floating-point weights (initializers and Constant nodes), shared tensors once. */
  readonly parameters: number;
  /** Multiply-accumulates of one run; undefined where a shape is not known. */
  readonly macs: number | undefined;
  /** Bytes of the file, with its data files; undefined for a model in memory. */
  readonly fileBytes: number | undefined;
  /** Bytes of constant tensors by dtype. */
  readonly bytes: Readonly<Record<string, number>>;
  /** Share of exact zeros among the weights. */
  readonly sparsity: number;
  /** What Gossamer would compress: layers with weights, and how many bytes they hold. */
  readonly compressible: readonly { readonly op: string; readonly layers: number; readonly bytes: number }[];
  readonly warnings: readonly string[];
}

export interface PortInspection {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[] | undefined;
}

/** Counts operators, parameters, multiply-accumulates and bytes. Reads the weights (for sparsity) but keeps none. Throws ERR_OPTION. */
export async function inspect(input: ModelInput, options: InspectOptions = {}): Promise<Inspection> {
  const model = await toModel(input);
  const { ir, path } = model;
  checkBindings(ir, options.bind ?? {});
  const types = inferTypes(ir, { bind: options.bind ?? {} });
  const macs = countMacs(ir, types);
  const constants = [...constantTensors(ir)];
  // Below IR version 4 weights are inputs too, which quantize and optimize undo first.
  const { model: plain } = runPasses(ir, ['inputs-to-initializers']);
  const weights = constants.filter((tensor) => FLOAT.has(tensor.dtype) && tensor.dims.length > 0);
  const ops = countBy([...ir.scopes()].flatMap((scope) => Array.from(scope.nodes(), (node) => node.kind)));
  return {
    path,
    opset: ir.opset,
    opsets: Object.fromEntries(Array.from(ir.opsets, ([domain, version]) => [domain || 'ai.onnx', version])),
    irVersion: ir.irVersion,
    producer: [ir.producerName, ir.producerVersion].filter((part) => part !== '').join(' '),
    inputs: ir.graph.inputs.filter((value) => !value.initializer).map(port),
    outputs: ir.graph.outputs.map(port),
    nodes: Object.values(ops).reduce((sum, count) => sum + count, 0),
    ops,
    parameters: weights.reduce((sum, tensor) => sum + tensor.length, 0),
    macs: macs.total,
    fileBytes: fileBytes(model),
    bytes: bytesByDtype(constants),
    sparsity: sparsityOf(weights),
    compressible: compressible(plain),
    warnings: [...ir.warnings, ...types.warnings, ...macWarnings(macs)],
  };
}

function macWarnings({ assumedOne, unknown }: MacCount): string[] {
  const warnings: string[] = [];
  if (assumedOne.length > 0)
    warnings.push(`MACs are for ${assumedOne.map((name) => `${name} = 1`).join(', ')}; see --bind`);
  if (unknown.length > 0)
    warnings.push(`MACs leave out ${unknown.length} layers of unknown shape: ${unknown.join(', ')}`);
  return warnings;
}

const FLOAT: ReadonlySet<string> = new Set(['float32', 'float16', 'bfloat16', 'float64']);

function countBy(keys: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
}

function bytesByDtype(tensors: readonly Tensor[]): Record<string, number> {
  const bytes: Record<string, number> = {};
  for (const tensor of tensors) {
    const size = tensor.dtype === 'string' ? tensor.byteLength : dtypeByteLength(tensor.dtype, tensor.length);
    bytes[tensor.dtype] = (bytes[tensor.dtype] ?? 0) + size;
  }
  return bytes;
}

function sparsityOf(weights: readonly Tensor[]): number {
  let zeros = 0;
  let total = 0;
  for (const tensor of weights) {
    for (const value of tensor.toFloat32()) if (value === 0) zeros++;
    total += tensor.length;
  }
  return total === 0 ? 0 : zeros / total;
}

function compressible(model: Model): Inspection['compressible'] {
  const found = new Map<string, { layers: number; sources: Set<Value> }>();
  for (const view of weightViews(model)) {
    if (view.isQuantized) continue;
    const entry = found.get(view.op) ?? { layers: 0, sources: new Set() };
    entry.layers++;
    entry.sources.add(view.source);
    found.set(view.op, entry);
  }
  return Array.from(found, ([op, { layers, sources }]) => ({
    op,
    layers,
    bytes: [...sources].reduce((sum, source) => sum + (source.constant?.byteLength ?? 0), 0),
  })).sort((a, b) => b.bytes - a.bytes);
}

function port(value: Value): PortInspection {
  const { type } = value;
  if (type?.kind !== 'tensor') return { name: value.name, dtype: type?.kind ?? 'unknown', shape: undefined };
  const shape = type.shape?.map((dim) => (typeof dim === 'number' ? dim : (dim?.key ?? '?')));
  return { name: value.name, dtype: type.dtype ?? 'unknown', shape };
}
