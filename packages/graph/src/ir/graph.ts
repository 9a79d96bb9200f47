import { GossamerError } from '../errors.js';
import type { WireMessage } from '../wire/wire-message.js';
import { Attribute, type AttributeValue } from './attribute.js';
import { Node } from './node.js';
import type { NodeSpec, Position } from './node-spec.js';
import type { Tensor } from './tensor.js';
import { NameCounter } from './name-counter.js';
import type { StateLink } from './state-link.js';
import { addUse, releaseCaptures, removeUse } from './use-list.js';
import { type SparseTensor, type Use, Value } from './value.js';
import type { ValueType } from './value-type.js';

/** The same fields, writable: only this file changes nodes and values, so use-lists and order always hold. */
type Writable<T> = { -readonly [K in keyof T]: T[K] };
const edit = <T extends object>(target: T): Writable<T> => target as Writable<T>;

/** Where a subgraph hangs: attribute `attribute` of `node`, item `index` of it. */
export interface Owner {
  readonly node: Node;
  readonly attribute: string;
  readonly index: number;
}

/**
 * A scope: the main graph, a subgraph of a control-flow node, or a function body. Nodes stand in topological order. Every edit
 * keeps use-lists right over all scopes; `check()` verifies it all.
 */
export class Graph {
  /** Inputs and outputs that carry state between runs; kept in memory, the file format has no place for it. */
  readonly state: readonly StateLink[] = [];
  #first: Node | undefined;
  #last: Node | undefined;
  #nodeCount = 0;
  readonly #values = new Map<string, Value>();
  readonly #names = new NameCounter();
  #inputs: Value[] = [];
  #outputs: Value[] = [];
  /** What `inputs` and `outputs` gave out last; an edit makes a new one when it is asked for. */
  #inputList: readonly Value[] | undefined;
  #outputList: readonly Value[] | undefined;
  /** Nodes of this scope that hold subgraphs. */
  readonly #owners = new Set<Node>();

  constructor(
    readonly name: string,
    readonly owner: Owner | undefined = undefined,
    /** The GraphProto (or FunctionProto) it was read from. */
    readonly origin: WireMessage | undefined = undefined,
  ) {}

  /** Scope path for layer ids: '' for the main graph, `<node id>/<attribute>/` for a subgraph. */
  get path(): string {
    if (!this.owner) return '';
    const { node, attribute, index } = this.owner;
    return `${node.id}/${attribute}${index > 0 ? `[${index}]` : ''}/`;
  }

  /** Inputs in file order; with outputs, the contract: names, order, dtypes and symbolic names stay. A list as it is now. */
  get inputs(): readonly Value[] {
    return (this.#inputList ??= [...this.#inputs]);
  }

  /** Outputs in file order; a value may be listed twice. A list as it is now. */
  get outputs(): readonly Value[] {
    return (this.#outputList ??= [...this.#outputs]);
  }

  /** Nodes of this scope, those of its subgraphs not counted. */
  get nodeCount(): number {
    return this.#nodeCount;
  }

  /** Nodes in topological order. Removing the current node, or adding around it, during the walk is safe. */
  *nodes(): IterableIterator<Node> {
    let node = this.#first;
    while (node) {
      const { next } = node;
      yield node;
      // `next` may have been removed meanwhile: then go on from the current node, or after the ones that are gone.
      if (next && this.#isLinked(next)) node = next;
      else if (this.#isLinked(node)) node = node.next;
      else node = this.#firstLinked(next);
    }
  }

  /** The first node still here along the links that removed nodes keep. */
  #firstLinked(node: Node | undefined): Node | undefined {
    let found = node;
    while (found && !this.#isLinked(found)) found = found.next;
    return found;
  }

  #isLinked(node: Node): boolean {
    return this.#first === node || node.previous?.next === node;
  }

  /** Every value of this scope. */
  values(): IterableIterator<Value> {
    return this.#values.values();
  }

  /** Values with initializer data (dense or sparse), in file order. */
  *initializers(): IterableIterator<Value> {
    for (const value of this.#values.values()) if (value.initializer || value.sparse) yield value;
  }

  /** The value called `name` in this scope only. */
  value(name: string): Value | undefined {
    return this.#values.get(name);
  }

  /** The value `name` seen from this scope: its own, or captured from an enclosing one. */
  resolve(name: string): Value | undefined {
    return this.#values.get(name) ?? this.owner?.node.graph.resolve(name);
  }

  /** This graph and all nested ones, outermost first. */
  *scopes(): IterableIterator<Graph> {
    yield this;
    if (this.#owners.size === 0) return;
    for (const node of this.nodes()) for (const subgraph of node.subgraphs()) yield* subgraph.scopes();
  }

  /** A name no scope uses that could see or shadow it, starting with `base`. */
  uniqueName(base: string): string {
    return this.#names.find(base, (name) => this.#isTaken(name));
  }

  #isTaken(name: string): boolean {
    return this.resolve(name) !== undefined || this.#isDeclaredBelow(name);
  }

  #forget(value: Value): void {
    this.#values.delete(value.name);
    this.#names.release(value.name);
  }

  #isDeclaredBelow(name: string): boolean {
    for (const node of this.#owners) {
      for (const subgraph of node.subgraphs()) {
        if (subgraph.#values.has(name) || subgraph.#isDeclaredBelow(name)) return true;
      }
    }
    return false;
  }

  /** Declares a value of this scope; throws ERR_DUPLICATE_NAME when the scope has one of that name. */
  declare(name: string, type?: ValueType): Value {
    if (name === '') throw new GossamerError('ERR_EMPTY_NAME', 'value: expected a name, received ""');
    if (this.#values.has(name)) {
      throw new GossamerError('ERR_DUPLICATE_NAME', `value ${name}: expected one definition, received two`);
    }
    const value = new Value(this, name, type);
    this.#values.set(name, value);
    return value;
  }

  /** Makes the value called `name` (declared now if there is none) the last input. */
  addInput(name: string, type?: ValueType): Value {
    const value = this.#values.get(name) ?? this.declare(name, type);
    edit(value).isInput = true;
    if (type) edit(value).type = type;
    this.#inputs.push(value);
    this.#inputList = undefined;
    return value;
  }

  /** Makes `value` the last output. */
  addOutput(value: Value): void {
    this.#outputs.push(value);
    this.#outputList = undefined;
    edit(value).outputCount++;
  }

  /** Makes `value` stand where `previous` stood in the outputs. Only for subgraphs, whose outputs are matched by position. */
  replaceOutput(previous: Value, value: Value): void {
    this.#outputs = this.#outputs.map((output) => (output === previous ? value : output));
    this.#outputList = undefined;
    edit(value).outputCount += previous.outputCount;
    edit(previous).outputCount = 0;
  }

  /** States that `output` of one run is `input` of the next; both are of this graph's contract, each in at most one link. */
  linkState(input: Value, output: Value, init?: Tensor): void {
    const isFree = this.state.every((link) => link.input !== input && link.output !== output);
    if (!input.isInput || !this.outputs.includes(output) || !isFree) {
      throw new GossamerError(
        'ERR_STATE',
        `state ${input.name} <- ${output.name}: expected an input and an output not linked yet, received others`,
      );
    }
    edit(this).state = [...this.state, { input, output, init }];
  }

  /** Adds an initializer under `name` (made unique when taken). */
  addInitializer(name: string, tensor: Tensor): Value {
    const value = this.declare(this.uniqueName(name));
    edit(value).initializer = tensor;
    return value;
  }

  /** Gives `value` initializer data (replacing what it had); every use sees it (edit-all). */
  setInitializer(value: Value, data: Tensor | SparseTensor | undefined): void {
    this.#own(value);
    if (value.producer) throw new Error(`value ${value.name}: a node's output cannot have initializer data`);
    const target = edit(value);
    // Dense data in the place of dense data: what the file says about the tensor stays true of it.
    if (!(target.initializer && data && 'dtype' in data)) delete value.origins.initializer;
    target.initializer = data && 'dtype' in data ? data : undefined;
    target.sparse = data && !('dtype' in data) ? data : undefined;
  }

  /** Declares (or forgets) the type that is written to value_info, inputs or outputs. */
  setType(value: Value, type: ValueType | undefined): void {
    edit(value).type = type;
  }

  /** Adds a node; its outputs become values of this scope. */
  add(spec: NodeSpec, position?: Position): Node {
    const node = new Node(this, spec.op, spec.domain ?? '', spec.name ?? '', spec.overload ?? '', spec.origin);
    edit(node).outputs = spec.outputs.map((output) => {
      if (output === undefined || output === '') return undefined;
      return typeof output === 'string' ? this.declare(this.uniqueName(output)) : output;
    });
    for (const value of node.outputs) {
      if (!value) continue;
      this.#own(value);
      if (value.producer || value.initializer || value.sparse || value.isInput) {
        throw new GossamerError('ERR_DUPLICATE_NAME', `value ${value.name}: expected one producer, received two`);
      }
      edit(value).producer = node;
    }
    edit(node).inputs = [...spec.inputs];
    node.inputs.forEach((value, index) => value && addUse(value, node, index));
    for (const [name, content] of Object.entries(spec.attributes ?? {})) this.setAttribute(node, name, content);
    this.#link(node, position);
    return node;
  }

  /** Removes a node and its outputs; throws when something still reads them. */
  remove(node: Node): void {
    for (const value of node.outputs) {
      if (value && (value.uses.length > 0 || value.isOutput)) {
        throw new Error(`node ${node.id}: cannot be removed, ${value.name} is still used`);
      }
    }
    this.#unlink(node);
    node.inputs.forEach((value, index) => value && removeUse(value, node, index));
    for (const subgraph of node.subgraphs()) if (subgraph.owner?.node === node) releaseCaptures(subgraph);
    this.#owners.delete(node);
    for (const value of node.outputs) if (value) this.#forget(value);
  }

  /** Forgets an initializer or declared value that nothing reads. */
  removeValue(value: Value): void {
    if (value.uses.length > 0 || value.isOutput || value.isInput || value.producer) {
      throw new Error(`value ${value.name}: cannot be removed, it is still used`);
    }
    this.#forget(value);
  }

  /** Takes `value` off the inputs; throws when it is part of the state. It stays a value of this scope: an initializer, say. */
  removeInput(value: Value): void {
    if (this.state.some((link) => link.input === value)) {
      throw new GossamerError(
        'ERR_STATE',
        `input ${value.name}: expected one without state, received one that carries it`,
      );
    }
    this.#inputs = this.#inputs.filter((input) => input !== value);
    this.#inputList = undefined;
    edit(value).isInput = false;
  }

  /** Makes slot `index` of `node` read `value` (undefined: absent). Grows the slot list when needed. */
  setInput(node: Node, index: number, value: Value | undefined): void {
    const inputs = [...node.inputs];
    while (inputs.length <= index) inputs.push(undefined);
    const previous = inputs[index];
    if (previous === value && index < node.inputs.length) return;
    if (previous) removeUse(previous, node, index);
    inputs[index] = value;
    edit(node).inputs = inputs;
    if (value) addUse(value, node, index);
  }

  /** Drops input slots from `count` on. */
  truncateInputs(node: Node, count: number): void {
    node.inputs.forEach((value, index) => index >= count && value && removeUse(value, node, index));
    edit(node).inputs = node.inputs.slice(0, count);
  }

  /**
   * Makes every node that reads `value` read `replacement` instead, captures included, but for the uses `except` picks. Graph
   * outputs are not uses: their names are the contract, see `detachOutput` and `setOutput`.
   */
  replaceUses(value: Value, replacement: Value, except?: (use: Use) => boolean): void {
    for (const use of [...value.uses]) {
      if (!except?.(use)) use.node.graph.setInput(use.node, use.index, replacement);
    }
  }

  /** Makes `node` produce `value` (of this scope, without producer) in slot `index` in place of what it produced there. */
  setOutput(node: Node, index: number, value: Value): void {
    this.#own(value);
    const outputs = [...node.outputs];
    while (outputs.length <= index) outputs.push(undefined);
    const previous = outputs[index];
    if (value.producer) throw new Error(`value ${value.name}: has a producer already`);
    if (previous) edit(previous).producer = undefined;
    outputs[index] = value;
    edit(node).outputs = outputs;
    edit(value).producer = node;
    if (previous && previous.uses.length === 0 && !previous.isOutput) this.#forget(previous);
  }

  /** Takes the producer role of `value` away from its node, which then makes an unnamed new value in that slot; returns that one. */
  detachOutput(value: Value, newName: string): Value {
    const node = value.producer;
    if (!node) throw new Error(`value ${value.name}: has no producer`);
    const index = node.outputs.indexOf(value);
    const fresh = this.declare(this.uniqueName(newName));
    const outputs = [...node.outputs];
    outputs[index] = fresh;
    edit(node).outputs = outputs;
    edit(fresh).producer = node;
    edit(value).producer = undefined;
    return fresh;
  }

  /** Sets (or with undefined removes) an attribute. A graph given here becomes a subgraph of `node`. */
  setAttribute(node: Node, name: string, content: AttributeValue | Attribute | undefined): void {
    const attributes = new Map(node.attributes);
    const before = attributes.get(name)?.graphs() ?? [];
    if (content === undefined) attributes.delete(name);
    else attributes.set(name, content instanceof Attribute ? content : new Attribute(name, content));
    edit(node).attributes = attributes;
    const graphs = attributes.get(name)?.graphs() ?? [];
    for (const graph of before) if (!graphs.includes(graph) && graph.owner?.node === node) releaseCaptures(graph);
    if (graphs.length > 0) this.#owners.add(node);
    else if (before.length > 0 && node.subgraphs().length === 0) this.#owners.delete(node);
    graphs.forEach((graph, index) => (edit(graph).owner = { node, attribute: name, index }));
  }

  /** Changes operator, domain or name of a node in place. */
  retarget(node: Node, change: { op?: string; domain?: string; name?: string }): void {
    Object.assign(edit(node), change);
  }

  /** Renames a value; throws ERR_DUPLICATE_NAME when this scope, one around it or one inside it has the name, ERR_EMPTY_NAME for ''. */
  rename(value: Value, name: string): void {
    this.#own(value);
    if (name === '') throw new GossamerError('ERR_EMPTY_NAME', `value ${value.name}: expected a name, received ""`);
    if (this.#isTaken(name)) {
      throw new GossamerError('ERR_DUPLICATE_NAME', `value ${name}: expected a free name, received a taken one`);
    }
    this.#forget(value);
    value.origins.name ??= value.name;
    edit(value).name = name;
    this.#values.set(name, value);
  }

  /** Moves a node of this graph to another place in the order. */
  move(node: Node, position: Position): void {
    this.#unlink(node);
    this.#link(node, position);
  }

  #own(value: Value): void {
    if (value.graph !== this) throw new Error(`value ${value.name}: belongs to another scope`);
  }

  #link(node: Node, position: Position): void {
    const previous = !position ? this.#last : 'after' in position ? position.after : position.before.previous;
    const next = !position ? undefined : 'before' in position ? position.before : position.after.next;
    edit(node).previous = previous;
    edit(node).next = next;
    if (previous) edit(previous).next = node;
    else this.#first = node;
    if (next) edit(next).previous = node;
    else this.#last = node;
    this.#nodeCount++;
  }

  #unlink(node: Node): void {
    if (!this.#isLinked(node)) throw new Error(`node ${node.id}: is not in this graph`);
    if (node.previous) edit(node.previous).next = node.next;
    else this.#first = node.next;
    if (node.next) edit(node.next).previous = node.previous;
    else this.#last = node.previous;
    // `next` stays readable on the removed node, so that a walk standing on it can go on.
    edit(node).previous = undefined;
    this.#nodeCount--;
  }
}
