import { type DType, GossamerError, isGossamerError, type Model, type Node, Tensor, type Value } from '@gossamer/graph';
import { evaluateNode } from '@gossamer/graph/eval';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Feeds, Outputs } from '../session/feeds.js';
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
  readonly #steps: readonly Step[];
  readonly #constants = new Map<Value, Held>();
  readonly #tf: Tf;

  constructor(
    private readonly model: Model,
    types: NodeTypes,
    private readonly backend: TfjsBackend,
  ) {
    this.#tf = backend.tf;
    this.#steps = stepsOf(model, types);
  }

  /** Runs every node; the backend holds nothing of a run when it has ended. Throws ERR_TFJS_RUN naming the node. */
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
      for (const step of this.#steps) this.#run(step, values, outputs);
      return Object.fromEntries(wanted.map((name) => [name, this.#read(named.get(name)!, values)]));
    } finally {
      for (const held of values.values()) held.dispose();
    }
  }

  dispose(): void {
    for (const held of this.#constants.values()) held.dispose();
    this.#constants.clear();
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
    return this.#tf.tidy(() => this.#heldOf(value, values).host() as never) as Tensor;
  }
}

function stepsOf({ graph }: Model, types: NodeTypes): Step[] {
  const nodes = [...graph.nodes()].filter((node) => !node.isStandard('Constant'));
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
