import { GossamerError, isGossamerError } from '../errors.js';
import type { DimBindings } from '../ir/dim.js';
import type { Graph } from '../ir/graph.js';
import type { FunctionDefinition, Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { tensorType, type ValueType } from '../ir/value-type.js';
import { dataOfTensor } from './constant-data.js';
import { NodeContext, type Scope } from './context.js';
import { bindType, conflictsOf, mapDims, refineType } from './declared.js';
import { eachPair, specialise } from './function-call.js';
import { mergeInfos } from './merge.js';
import { findRule } from './registry.js';
import type { ValueInfo } from './rule.js';
import { TypeTable } from './type-table.js';

const UNKNOWN: ValueInfo = { type: undefined };

/** Node visits allowed per node of the model, plus a constant: loops and nested calls revisit bodies, hostile ones without end. */
const VISITS_PER_NODE = 64;
const VISITS_BASE = 100_000;
/** Nobody reads more, and each is compared with all before it. */
const MAX_WARNINGS = 1000;

interface WalkOptions {
  readonly bindings: DimBindings;
  /** False: numbers in declared types may belong to other input sizes, and do not fill in unknown dimensions. */
  readonly trustNumbers: boolean;
  readonly strict: boolean;
  /** Values whose declared sizes count; of the others only dtype and rank do. Default: all count. */
  readonly sized?: ReadonlySet<Value>;
}

/** One inference over a model: visits nodes in order, bodies as their operators ask, and keeps what is known of each value. */
export class Walk implements Scope {
  readonly #infos = new Map<Value, ValueInfo>();
  readonly #data = new Map<Value, Tensor>();
  readonly #warnings: string[] = [];
  /** Bodies being analysed, innermost last. */
  readonly #calls: FunctionDefinition[] = [];
  #visitsLeft: number;

  constructor(
    private readonly model: Model,
    private readonly options: WalkOptions,
  ) {
    let nodes = 0;
    for (const scope of model.scopes()) nodes += scope.nodeCount;
    this.#visitsLeft = VISITS_BASE + VISITS_PER_NODE * nodes;
  }

  /** Gives a graph input its type and, where fixed, its contents. */
  setInput(value: Value, type: ValueType | undefined, data: Tensor | undefined): void {
    this.#checkInitializer(value);
    if (data) this.#data.set(value, data);
    else if (!this.constantOf(value)) this.#infos.set(value, { type });
  }

  run(): TypeTable {
    this.#inferNodes(this.model.graph);
    return new TypeTable((value) => this.#lookup(value), this.#warnings, this.options.bindings);
  }

  /** As `run`; the table answers for the values there are now, as they are now, whatever becomes of the model. */
  runOnce(): TypeTable {
    this.#inferNodes(this.model.graph);
    const found = new Map<Value, ValueInfo>();
    for (const scope of this.model.scopes()) {
      for (const value of scope.values()) {
        const info = this.#lookup(value);
        if (info) found.set(value, info);
      }
    }
    return new TypeTable((value) => found.get(value), this.#warnings, this.options.bindings);
  }

  opsetOf(domain: string): number {
    const { opsets } = this.#calls.at(-1) ?? this.model;
    return opsets.get(domain) ?? 1;
  }

  infoOf(value: Value): ValueInfo {
    return this.#lookup(value) ?? UNKNOWN;
  }

  constantOf(value: Value): Tensor | undefined {
    const fixed = this.#data.get(value) ?? value.constant;
    if (fixed) return fixed;
    // Before IR version 4 every initializer had to be listed as an input too.
    return this.model.irVersion < 4 ? value.initializer : undefined;
  }

  inferSubgraph(graph: Graph, inputs: readonly ValueInfo[], discard: boolean): ValueInfo[] {
    const mark = this.#warnings.length;
    graph.inputs.forEach((value, index) => this.#record(value, inputs[index] ?? UNKNOWN));
    this.#inferNodes(graph);
    if (discard) this.#warnings.length = mark;
    return graph.outputs.map((value) => this.infoOf(value));
  }

  #lookup(value: Value): ValueInfo | undefined {
    const known = this.#infos.get(value);
    if (known) return known;
    this.#checkInitializer(value);
    const tensor = this.constantOf(value);
    const dense = tensor ?? value.initializer;
    if (!dense && !value.sparse) return undefined;
    const type = tensorType(dense?.dtype ?? value.sparse!.values.dtype, dense?.dims ?? value.sparse!.dims);
    const info = tensor ? { type, data: dataOfTensor(tensor) } : { type };
    this.#infos.set(value, info);
    return info;
  }

  /** A tensor that is not what the file declares of it: the tensor counts. */
  #checkInitializer({ initializer, type, graph, name }: Value): void {
    if (!initializer || !type) return;
    const [conflict] = conflictsOf(tensorType(initializer.dtype, initializer.dims), type);
    if (!conflict) return;
    const message = `value ${graph.path}${name}: ${conflict}; the tensor's counts`;
    if (this.options.strict) throw new GossamerError('ERR_SHAPE', message);
    this.#warn(message);
  }

  #inferNodes(graph: Graph): void {
    for (const node of graph.nodes()) this.#inferNode(node);
  }

  #inferNode(node: Node): void {
    if (--this.#visitsLeft < 0) return this.#outOfBudget(node);
    let results: readonly (ValueInfo | undefined)[] = [];
    try {
      results = this.#resultsOf(node);
    } catch (error) {
      this.#failed(node, error);
    }
    node.outputs.forEach((value, index) => value && this.#record(value, results[index] ?? UNKNOWN));
  }

  #resultsOf(node: Node): readonly (ValueInfo | undefined)[] {
    const definition = this.model.function(node.domain, node.op, node.overload);
    if (definition) return this.#call(node, definition);
    const context = new NodeContext(node, this);
    findRule(node)?.infer(node, context);
    return context.results;
  }

  /** A node that cannot be right: a warning and unknown outputs, or in strict mode an error. */
  #failed(node: Node, error: unknown): void {
    if (!isGossamerError(error)) throw error;
    const message = error.code === 'ERR_SHAPE' ? error.message : `node ${node.id} (${node.kind}): ${error.message}`;
    if (this.options.strict) throw new GossamerError('ERR_SHAPE', message, { cause: error });
    this.#warn(message);
  }

  #warn(message: string): void {
    if (this.#warnings.length > MAX_WARNINGS || this.#warnings.includes(message)) return;
    const isLast = this.#warnings.length === MAX_WARNINGS;
    this.#warnings.push(isLast ? `model: more than ${MAX_WARNINGS} warnings, the others are left out` : message);
  }

  #outOfBudget(node: Node): void {
    for (const value of node.outputs) if (value) this.#record(value, UNKNOWN);
    this.#warn('model: expected bodies that can be analysed in bounded time, received too many nested loops or calls');
  }

  /** Keeps what was computed for `value`, completed by what the file declares. */
  #record(value: Value, computed: ValueInfo): void {
    const { bindings, trustNumbers, sized } = this.options;
    let { type } = computed;
    if (value.type) {
      const isSized = !sized || sized.has(value);
      let declared = isSized ? bindType(value.type, bindings) : mapDims(value.type, () => undefined);
      if (!trustNumbers) declared = mapDims(declared, (dim) => (typeof dim === 'number' ? undefined : dim));
      const conflicts: string[] = [];
      type = refineType(type, declared, conflicts);
      for (const conflict of conflicts)
        this.#warn(`value ${value.graph.path}${value.name}: ${conflict}; computed wins`);
    }
    this.#infos.set(value, { type, data: computed.data });
  }

  /** A call of a model-local function: its body is analysed as if it stood in place of the call. */
  #call(node: Node, definition: FunctionDefinition): ValueInfo[] {
    if (this.#calls.includes(definition)) {
      throw new GossamerError('ERR_SHAPE', `node ${node.id}: expected functions that do not call themselves`);
    }
    if (node.outputs.length > definition.body.outputs.length) {
      const { length } = definition.body.outputs;
      throw new GossamerError(
        'ERR_SHAPE',
        `node ${node.id}: expected at most ${length} outputs, received ${node.outputs.length}`,
      );
    }
    const body = specialise(definition, node);
    const inputs = body.inputs.map((_, index) => {
      const value = node.inputs[index];
      return value ? this.infoOf(value) : UNKNOWN;
    });
    this.#calls.push(definition);
    try {
      const outputs = this.inferSubgraph(body, inputs, false);
      eachPair(definition.body, body, (value, copy) => this.#merge(value, copy));
      return outputs;
    } finally {
      this.#calls.pop();
    }
  }

  /** Adds what one call found to what earlier calls found. */
  #merge(value: Value, copy: Value): void {
    const found = this.#lookup(copy) ?? UNKNOWN;
    const earlier = this.#infos.get(value);
    this.#infos.set(value, earlier ? mergeInfos(earlier, found) : found);
    this.#infos.delete(copy);
  }
}
