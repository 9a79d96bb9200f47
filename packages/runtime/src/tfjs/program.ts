import { type DType, GossamerError, isGossamerError, type Model, type Node, Tensor, type Value } from '@gossamer/graph';
import { evaluateNode } from '@gossamer/graph/eval';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Feeds, Outputs } from '../session/feeds.js';
import { typedView } from '../session/tensor-view.js';
import type { Tf, TfjsBackend } from './backend.js';
import { Call } from './call.js';
import { Held } from './held.js';
import type { NodeTypes, Result, TfjsOperator } from './operator.js';
import { findOperator } from './registry.js';

/** One node in the order of a run. */
interface Step {
  readonly node: Node;
  readonly operator: TfjsOperator;
  readonly isExact: boolean;
  readonly outputs: readonly { readonly value: Value; readonly dtype: DType; readonly index: number }[];
  /** Values that no later step reads. */
  readonly finished: readonly Value[];
}

/** A covered model (see checkCoverage) ready to run. Constants stay on the backend from the first run on. */
export class TfjsProgram {
  /** Steps by the outputs that they are for. */
  readonly #plans = new Map<string, readonly Step[]>();
  readonly #constants = new Map<Value, Held>();
  readonly #tf: Tf;

  constructor(
    private readonly model: Model,
    private readonly types: NodeTypes,
    private readonly backend: TfjsBackend,
  ) {
    this.#tf = backend.tf;
  }

  /**
   * Runs the nodes that the wanted outputs need; the backend holds nothing of a run when it has ended, and no output shares memory with what
   * was fed. Throws ERR_TFJS_RUN naming the node.
   */
  async run(feeds: Feeds, wanted: readonly string[]): Promise<Outputs> {
    await this.#tf.setBackend(this.backend.name);
    const values = new Map<Value, Held>();
    try {
      for (const value of this.model.graph.inputs) {
        const tensor = feeds[value.name];
        if (tensor) values.set(value, Held.ofHost(this.#tf, tensor));
      }
      const named = new Map(this.model.graph.outputs.map((value) => [value.name, value]));
      const outputs = new Set(wanted.map((name) => named.get(name)!));
      for (const step of this.#planFor(outputs)) this.#run(step, values, outputs);
      const fed = new Set(Object.values(feeds).map((tensor) => tensor.bytes().buffer));
      return Object.fromEntries(wanted.map((name) => [name, apart(this.#read(named.get(name)!, values), fed)]));
    } finally {
      for (const held of values.values()) held.dispose();
    }
  }

  dispose(): void {
    for (const held of this.#constants.values()) held.dispose();
    this.#constants.clear();
  }

  #planFor(outputs: ReadonlySet<Value>): readonly Step[] {
    const key = [...outputs].map(({ name }) => name).join('\0');
    const known = this.#plans.get(key);
    if (known) return known;
    const plan = stepsFor(outputs, this.model, this.types);
    this.#plans.set(key, plan);
    return plan;
  }

  #run(step: Step, values: Map<Value, Held>, wanted: ReadonlySet<Value>): void {
    const { node } = step;
    const inputs = node.inputs.map((value) => value && this.#heldOf(value, values));
    try {
      this.#tf.tidy(() => {
        const results = this.#compute(step, inputs);
        for (const { value, dtype, index } of step.outputs) {
          values.set(value, this.#hold(results[index], dtype));
        }
      });
    } catch (error) {
      throw namedError(node, error as Error);
    }
    for (const value of step.finished) {
      if (wanted.has(value)) continue;
      values.get(value)?.dispose();
      values.delete(value);
    }
  }

  #compute({ node, operator, isExact }: Step, inputs: readonly (Held | undefined)[]): readonly (Result | undefined)[] {
    if (isExact) {
      const { opsets } = this.model;
      return evaluateNode(
        node,
        inputs.map((held) => held?.host()),
        { opsets },
      );
    }
    const results = operator.run(new Call(this.#tf, node, inputs));
    return Array.isArray(results) ? (results as readonly (Result | undefined)[]) : [results as Result];
  }

  #hold(result: Result | undefined, dtype: DType): Held {
    if (!result) throw new Error('expected a result, received none');
    if (result instanceof Tensor) return Held.ofHost(this.#tf, result);
    return Held.ofTensor(this.#tf, result.tensor, result.layout, dtype);
  }

  #heldOf(value: Value, values: ReadonlyMap<Value, Held>): Held {
    const held = values.get(value) ?? this.#constants.get(value);
    if (held) return held;
    if (!value.constant) throw new Error(`value ${value.name}: expected one that was computed, received none`);
    const constant = Held.ofHost(this.#tf, value.constant);
    this.#constants.set(value, constant);
    return constant;
  }

  #read(value: Value, values: ReadonlyMap<Value, Held>): Tensor {
    const held = this.#heldOf(value, values);
    // Nothing is returned: tidy looks for tensors in what is, element by element.
    this.#tf.tidy(() => void held.host());
    return held.host();
  }
}

/** The tensor, or a copy of it where its memory is among `fed`. */
function apart(tensor: Tensor, fed: ReadonlySet<unknown>): Tensor {
  return fed.has(tensor.bytes().buffer) ? Tensor.of(tensor.dtype, tensor.dims, typedView(tensor).slice()) : tensor;
}

/** The nodes that the outputs need, in order. */
function stepsFor(outputs: ReadonlySet<Value>, { graph }: Model, types: NodeTypes): Step[] {
  const needed = new Set(outputs);
  const nodes: Node[] = [];
  for (const node of [...graph.nodes()].reverse()) {
    if (node.isStandard('Constant') || !node.outputs.some((value) => value && needed.has(value))) continue;
    for (const value of node.inputs) if (value) needed.add(value);
    nodes.push(node);
  }
  nodes.reverse();
  const lastReader = new Map<Value, Node>();
  for (const node of nodes) {
    for (const value of [...node.inputs, ...node.outputs]) {
      if (value && !value.constant) lastReader.set(value, node);
    }
  }
  return nodes.map((node) => {
    const operator = findOperator(node)!;
    const named = [...node.inputs, ...node.outputs].filter((value) => value !== undefined);
    return {
      node,
      operator,
      isExact: operator.isExact?.(node, types) ?? false,
      outputs: node.outputs.flatMap((value, index) => (value ? [{ value, dtype: types.dtypeOf(value)!, index }] : [])),
      finished: [...new Set(named)].filter((value) => lastReader.get(value) === node),
    };
  });
}

function namedError(node: Node, error: Error): Error {
  const code: RuntimeErrorCode = 'ERR_TFJS_RUN';
  if (isGossamerError(error) && error.code !== code) return error;
  return new GossamerError<RuntimeErrorCode>(code, `${node.kind} ${node.id}: ${error.message}`, { cause: error });
}
