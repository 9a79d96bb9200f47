import { isFloat } from '../dtype.js';
import { GossamerError } from '../errors.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { Budget } from './budget.js';
import { type EvalValue, fromTensor, type Precision, toTensor } from './eval-value.js';
import { Evaluation } from './evaluation.js';
import { findKernel } from './registry.js';

/** How a model is evaluated. */
export interface EvaluateOptions {
  /** 'float32' rounds every result to its dtype, 'float64' keeps every floating tensor in double. Default 'float32'. */
  readonly precision?: Precision;
  /** Names of values of the main graph to compute. Default: the graph's outputs. */
  readonly outputs?: readonly string[];
  /** Most elements written plus multiply-adds, over all nodes (ERR_EVAL_BUDGET beyond). Default 1e13. */
  readonly elements?: number;
  /** Checked before each node. */
  readonly signal?: AbortSignal;
}

/** How one node is evaluated. */
export interface EvaluateNodeOptions extends Pick<EvaluateOptions, 'precision' | 'elements'> {
  /** Versions of the operator domains. Default: the standard at 21, every other domain at 1. */
  readonly opsets?: ReadonlyMap<string, number>;
  /** The model whose functions the node may call. */
  readonly model?: Model;
}

const DEFAULT_BUDGET = 1e13;
const DEFAULT_OPSETS: ReadonlyMap<string, number> = new Map([['', 21]]);

/**
 * Computes a model's outputs by the definitions of the ONNX standard: slow, readable, the oracle of kernels, passes and gradients.
 *
 * float32 results are computed in double (sums and products accumulate in double) and rounded once when stored; integers wrap.
 * In precision 'float64' feeds may be float64 where the model says float32, and floating results are float64 tensors.
 * Throws ERR_EVAL_OP for an operator without a kernel, ERR_EVAL_INPUT, ERR_EVAL_SHAPE, ERR_EVAL_VALUE or ERR_EVAL_BUDGET.
 */
export function evaluate(
  model: Model,
  feeds: Readonly<Record<string, Tensor>>,
  options: EvaluateOptions = {},
): Record<string, Tensor> {
  const precision = options.precision ?? 'float32';
  const values = new Map(
    Object.entries(feeds).map(([name, tensor]) => [name, decodeFeed(model, name, tensor, precision)]),
  );
  const results = evaluateValues(model, values, options);
  const outputs: Record<string, Tensor> = {};
  for (const [name, value] of results) outputs[name] = expectTensor(name, value, precision);
  return outputs;
}

/** Like `evaluate`, for models whose inputs or outputs are sequences, maps or optionals too. */
export function evaluateValues(
  model: Model,
  feeds: ReadonlyMap<string, EvalValue>,
  options: EvaluateOptions = {},
): Map<string, EvalValue> {
  const { graph } = model;
  const bindings = new Map<Value, EvalValue>();
  for (const [name, fed] of feeds) {
    const value = graph.value(name);
    if (!value?.isInput) throw new GossamerError('ERR_EVAL_INPUT', `feeds: expected names of inputs, received ${name}`);
    bindings.set(value, fed);
  }
  const targets = options.outputs?.map((name) => findValue(model, name)) ?? graph.outputs;
  const evaluation = new Evaluation({
    precision: options.precision ?? 'float32',
    budget: new Budget(options.elements ?? DEFAULT_BUDGET),
    signal: options.signal,
    model,
  });
  const results = evaluation.run(graph, bindings, targets, model.opsets);
  return new Map(targets.map((value, index) => [value.name, results[index]!]));
}

/** Computes one node over given tensors (undefined: absent); the bodies of If, Loop and Scan may capture constants only. */
export function evaluateNode(
  node: Node,
  inputs: readonly (Tensor | undefined)[],
  options: EvaluateNodeOptions = {},
): readonly (Tensor | undefined)[] {
  const precision = options.precision ?? 'float32';
  const budget = new Budget(options.elements ?? DEFAULT_BUDGET);
  const evaluation = new Evaluation({ precision, budget, model: options.model });
  const values = inputs.map((tensor) => tensor && fromTensor(tensor, precision));
  const results = evaluation.runNode(node, values, options.opsets ?? DEFAULT_OPSETS);
  return results.map((value, index) => value && expectTensor(`${node.id}[${index}]`, value, precision));
}

/** True when eval has a kernel for the node and, for control flow, for every node of its subgraphs. Functions are not looked up. */
export function canEvaluate(node: Node): boolean {
  if (!findKernel(node)) return false;
  return node.subgraphs().every((graph) => [...graph.nodes()].every(canEvaluate));
}

function decodeFeed(model: Model, name: string, tensor: Tensor, precision: Precision): EvalValue {
  const declared = model.graph.value(name)?.type;
  const expected = declared?.kind === 'tensor' ? declared.dtype : undefined;
  const doubled = precision === 'float64' && tensor.dtype === 'float64' && expected !== undefined && isFloat(expected);
  if (expected !== undefined && expected !== tensor.dtype && !doubled) {
    throw new GossamerError('ERR_EVAL_INPUT', `input ${name}: expected ${expected}, received ${tensor.dtype}`);
  }
  const value = fromTensor(tensor, precision);
  return doubled ? { ...value, dtype: expected } : value;
}

function findValue(model: Model, name: string): Value {
  const value = model.graph.value(name);
  if (value) return value;
  throw new GossamerError('ERR_EVAL_OUTPUT', `outputs: expected names of values of the main graph, received ${name}`);
}

function expectTensor(name: string, value: EvalValue, precision: Precision): Tensor {
  if (value.kind === 'tensor') return toTensor(value, precision);
  throw new GossamerError('ERR_EVAL_OUTPUT', `${name}: expected a tensor, received ${value.kind}`);
}
