import { GossamerError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { FunctionDefinition, Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { Budget } from './budget.js';
import { toDense } from './dense.js';
import { type EvalValue, fromTensor, type Precision, roundSmallFloats } from './eval-value.js';
import { specialise } from '../inference/function-call.js';
import { type Kernel, KernelCall, type KernelHost } from './kernel.js';
import { findKernel } from './registry.js';

/** Functions may call functions, but not themselves; a file that nests deeper than this is refused. */
const FUNCTION_DEPTH = 64;

/** Nodes that calls of functions may be expanded to: calls that double at every level are refused by it. */
const MAX_EXPANDED_NODES = 100_000;

/** The values of one run of a scope, over those of the scopes around it. */
class Environment {
  readonly values = new Map<Value, EvalValue>();
  constructor(private readonly outer?: Environment) {}

  find(value: Value): EvalValue | undefined {
    return this.values.get(value) ?? this.outer?.find(value);
  }
}

export interface EvaluationOptions {
  readonly precision: Precision;
  readonly budget: Budget;
  readonly signal?: AbortSignal | undefined;
  /** Where functions are looked up; none without a model. */
  readonly model?: Model | undefined;
}

/** One evaluation: constants decoded once, scopes run in topological order, values dropped after their last reader. */
export class Evaluation {
  readonly #constants = new Map<Value, EvalValue>();
  readonly #bodies = new Map<Node, Graph>();
  readonly #lastReads = new Map<Graph, Map<Node, Value[]>>();
  #depth = 0;
  #expandedNodes = 0;

  constructor(private readonly options: EvaluationOptions) {}

  /** Runs a top-level scope with `bindings` for its inputs; returns `targets` in order. Nodes no target needs are skipped. */
  run(
    graph: Graph,
    bindings: ReadonlyMap<Value, EvalValue>,
    targets: readonly Value[],
    opsets: ReadonlyMap<string, number>,
  ): EvalValue[] {
    const environment = new Environment();
    for (const [value, bound] of bindings) environment.values.set(value, bound);
    return this.#runScope(graph, environment, targets, opsets);
  }

  /** Runs one node over given inputs; subgraphs may capture constants only. */
  runNode(
    node: Node,
    inputs: readonly (EvalValue | undefined)[],
    opsets: ReadonlyMap<string, number>,
  ): readonly (EvalValue | undefined)[] {
    return this.#call(node, inputs, new Environment(), opsets);
  }

  #runScope(
    graph: Graph,
    environment: Environment,
    targets: readonly Value[],
    opsets: ReadonlyMap<string, number>,
  ): EvalValue[] {
    const needed = neededNodes(graph, targets, environment.values);
    const lastReads = this.#lastReadsOf(graph);
    const kept = new Set(targets);
    for (const node of graph.nodes()) {
      if (needed.has(node)) {
        this.options.signal?.throwIfAborted();
        const inputs = node.inputs.map((value) => value && this.#lookup(value, environment));
        const results = this.#call(node, inputs, environment, opsets);
        node.outputs.forEach((value, index) => {
          const result = results[index];
          if (value && result) environment.values.set(value, result);
        });
      }
      for (const value of lastReads.get(node) ?? []) if (!kept.has(value)) environment.values.delete(value);
    }
    return targets.map((value) => {
      const found = this.#lookup(value, environment);
      if (found) return found;
      throw new GossamerError('ERR_EVAL_OUTPUT', `output ${value.name}: expected a computed value, received none`);
    });
  }

  #lookup(value: Value, environment: Environment): EvalValue | undefined {
    const found = environment.find(value) ?? this.#constants.get(value);
    if (found) return found;
    const { initializer, sparse } = value;
    if (initializer || sparse) {
      const { precision, budget } = this.options;
      const constant = initializer
        ? fromTensor(initializer, precision)
        : toDense(sparse!, precision, budget, value.name);
      this.#constants.set(value, constant);
      return constant;
    }
    const constant = value.constant;
    if (constant) return fromTensor(constant, this.options.precision);
    // An absent optional input of a function: every reader sees an absent input.
    if (value.isInput && !value.graph.owner && this.#depth > 0) return undefined;
    throw new GossamerError('ERR_EVAL_INPUT', `${value.name}: expected a value, received none`);
  }

  #call(
    node: Node,
    inputs: readonly (EvalValue | undefined)[],
    environment: Environment,
    opsets: ReadonlyMap<string, number>,
  ): readonly (EvalValue | undefined)[] {
    const definition = this.options.model?.function(node.domain, node.op, node.overload);
    if (definition) {
      return this.#callBody(node, this.#bodyOf(node, definition), inputs, definition.opsets);
    }
    const kernel = findKernel(node);
    if (!kernel)
      throw new GossamerError('ERR_EVAL_OP', `node ${node.id}: expected an operator eval knows, received ${node.kind}`);
    const host: KernelHost = {
      precision: this.options.precision,
      budget: this.options.budget,
      opsets,
      runSubgraph: (graph, values) => {
        const inner = new Environment(environment);
        graph.inputs.forEach((input, index) => {
          const value = values[index];
          if (value) inner.values.set(input, value);
        });
        return this.#runScope(graph, inner, graph.outputs, opsets);
      },
    };
    const results = runKernel(kernel, new KernelCall(node, inputs, host));
    if (this.options.precision === 'float32') {
      for (const result of results) if (result?.kind === 'tensor') roundSmallFloats(result);
    }
    return results;
  }

  #bodyOf(node: Node, definition: FunctionDefinition): Graph {
    const known = this.#bodies.get(node);
    if (known) return known;
    this.#expandedNodes++;
    for (const scope of definition.body.scopes()) this.#expandedNodes += scope.nodeCount;
    if (this.#expandedNodes > MAX_EXPANDED_NODES) {
      throw new GossamerError(
        'ERR_EVAL_BUDGET',
        `function ${node.kind}: expected calls that expand to at most ${MAX_EXPANDED_NODES} nodes, received more`,
      );
    }
    const body = specialise(definition, node);
    this.#bodies.set(node, body);
    return body;
  }

  #callBody(
    node: Node,
    body: Graph,
    inputs: readonly (EvalValue | undefined)[],
    opsets: ReadonlyMap<string, number>,
  ): readonly EvalValue[] {
    if (this.#depth >= FUNCTION_DEPTH) {
      throw new GossamerError(
        'ERR_EVAL_BUDGET',
        `function ${node.kind}: expected at most ${FUNCTION_DEPTH} nested calls, received more`,
      );
    }
    const environment = new Environment();
    body.inputs.forEach((value, index) => {
      const given = inputs[index];
      if (given) environment.values.set(value, given);
    });
    this.#depth++;
    try {
      return this.#runScope(body, environment, body.outputs, opsets);
    } finally {
      this.#depth--;
    }
  }

  #lastReadsOf(graph: Graph): Map<Node, Value[]> {
    let found = this.#lastReads.get(graph);
    if (!found) this.#lastReads.set(graph, (found = lastReads(graph)));
    return found;
  }
}

/** Arrays longer than JavaScript has, memory that is not there and stacks too deep are budgets too. */
function runKernel(kernel: Kernel, call: KernelCall): readonly (EvalValue | undefined)[] {
  try {
    return kernel.run(call);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = `${call.node.id}: expected tensors that fit in memory, received ${error.message}`;
    throw new GossamerError('ERR_EVAL_BUDGET', message, { cause: error });
  }
}

/** What a node reads of its own scope, by itself and in its subgraphs. */
function readsOf(node: Node, scope: Graph): Value[] {
  const reads = node.inputs.filter((value) => value?.graph === scope) as Value[];
  for (const subgraph of node.subgraphs()) {
    for (const nested of subgraph.scopes()) {
      for (const inner of nested.nodes())
        for (const value of inner.inputs) if (value?.graph === scope) reads.push(value);
      for (const value of nested.outputs) if (value.graph === scope) reads.push(value);
    }
  }
  return reads;
}

/** For each node, the values of `graph` that no later node reads. */
function lastReads(graph: Graph): Map<Node, Value[]> {
  const reader = new Map<Value, Node>();
  for (const node of graph.nodes()) {
    for (const value of node.outputs) if (value) reader.set(value, node);
    for (const value of readsOf(node, graph)) reader.set(value, node);
  }
  const result = new Map<Node, Value[]>();
  for (const [value, node] of reader) {
    const values = result.get(node);
    if (values) values.push(value);
    else result.set(node, [value]);
  }
  return result;
}

/** The nodes of `graph` that `targets` need; values in `bound` need nothing. */
function neededNodes(graph: Graph, targets: readonly Value[], bound: ReadonlyMap<Value, unknown>): Set<Node> {
  const needed = new Set<Node>();
  const pending = [...targets];
  for (let value = pending.pop(); value; value = pending.pop()) {
    const node = value.producer;
    if (!node || node.graph !== graph || bound.has(value) || needed.has(node)) continue;
    needed.add(node);
    for (const read of readsOf(node, graph)) pending.push(read);
  }
  return needed;
}
