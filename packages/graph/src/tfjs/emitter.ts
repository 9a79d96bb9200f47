import { type PlainAttribute, toAttribute } from '../builder.js';
import { type DType, dtypeCode } from '../dtype.js';
import type { Shape } from '../inference/dims.js';
import type { Data } from '../inference/rule.js';
import type { Dim } from '../ir/dim.js';
import { Graph } from '../ir/graph.js';
import { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { tensorType } from '../ir/value-type.js';
import { tfjsError } from './error-codes.js';
import { permuted } from './lazy-tensor.js';
import { channelsFirstOperand, type Operand, plainOperand, toChannelsFirst, toChannelsLast } from './operand.js';
import { RunningTypes } from './running-types.js';

/** The opset that converters write: the one the rules of this package are written for. */
export const OPSET = 21;
export const IR_VERSION = 10;

export type Attributes = Readonly<Record<string, PlainAttribute>>;

/**
 * Writes an ONNX graph node by node, knows the type of everything written so far, and gives each operand in the layout a converter
 * asks for. Nodes are named after the node or layer being converted (`begin`).
 */
export class Emitter {
  readonly graph: Graph;
  readonly types = new RunningTypes(OPSET);
  readonly #constants = new Map<string, Value>();
  readonly #weights = new Map<Tensor, Value>();
  readonly #derived = new Map<Value, Map<string, Value>>();
  readonly #names = new Set<string>();
  readonly #nameCounts = new Map<string, number>();
  #scope = '';

  constructor(name: string) {
    this.graph = new Graph(name);
  }

  /** What is added from here on belongs to the source's node or layer `name`. */
  begin(name: string): void {
    this.#scope = name;
  }

  get scope(): string {
    return this.#scope;
  }

  /** The error for the node or layer being converted. */
  error(what: string, expected: string, received: unknown): Error {
    return tfjsError('ERR_TFJS_NODE', `${this.#scope}: ${what}: expected ${expected}, received ${String(received)}`);
  }

  input(name: string, dtype: DType, shape: readonly Dim[] | undefined): Operand {
    return plainOperand(this.graph.addInput(name, tensorType(dtype, shape)));
  }

  /** What an input holds when it is not fed. */
  setDefault(input: Operand, tensor: Tensor): void {
    this.graph.setInitializer(input.plain!, tensor);
  }

  /** Adds a node with one output. Missing optional inputs are undefined. */
  op(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
    return this.ops(op, inputs, attributes, 1)[0]!;
  }

  /** Adds a node with `count` outputs. */
  ops(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes, count: number): Value[] {
    const name = this.#uniqueName(op);
    const last = inputs.findLastIndex((value) => value !== undefined);
    const node = this.graph.add({
      op,
      inputs: inputs.slice(0, last + 1),
      name,
      outputs: Array.from({ length: count }, (_, i) => (i === 0 ? name : `${name}:${i}`)),
      attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, toAttribute(value)])),
    });
    this.types.add(node);
    return node.outputs as Value[];
  }

  /** An initializer of numbers; equal small ones are shared. An array is 1-D, a number a scalar. */
  constant(value: number | readonly number[], dtype: DType, dims?: readonly number[]): Value {
    const values = typeof value === 'number' ? [value] : value;
    const shape = dims ?? (typeof value === 'number' ? [] : [values.length]);
    const key = `${dtype}[${shape.join()}]${values.map((v) => (Object.is(v, -0) ? '-0' : v)).join()}`;
    let shared = this.#constants.get(key);
    if (!shared) {
      shared = this.graph.addInitializer(`constant_${this.#constants.size}`, Tensor.fromNumbers(dtype, shape, values));
      this.#constants.set(key, shared);
    }
    return shared;
  }

  int64(value: number | readonly number[]): Value {
    return this.constant(value, 'int64');
  }

  /** An initializer; `name` is made unique. A tensor that was added before (a shared layer's) keeps its initializer. */
  weight(name: string, tensor: Tensor): Value {
    let value = this.#weights.get(tensor);
    if (!value) {
      value = this.graph.addInitializer(name, tensor);
      this.#weights.set(tensor, value);
    }
    return value;
  }

  /** An initializer that stands for `source` in another form, made once per form; it takes over the name where `source` is left unused. */
  derived(source: Value, form: string, make: () => Tensor): Value {
    const forms = this.#derived.get(source) ?? new Map<string, Value>();
    this.#derived.set(source, forms);
    let value = forms.get(form);
    if (!value) {
      value = this.graph.addInitializer(`${source.name}/${form}`, make());
      forms.set(form, value);
    }
    return value;
  }

  /** Gives the result of the node or layer being converted its name, which the first of several nodes took. */
  nameResult(operand: Operand): void {
    const value = (operand.plain ?? operand.channelsFirst ?? operand.complex)!;
    const holder = this.graph.value(this.#scope);
    if (holder === value || !holder?.producer || !value.name.startsWith(`${this.#scope}/`)) return;
    this.graph.rename(holder, this.graph.uniqueName(`${this.#scope}/${holder.producer.op}_result`));
    this.graph.rename(value, this.#scope);
  }

  /** Removes nodes and initializers that nothing reads; what was derived from an initializer takes its name. */
  finish(): void {
    for (const node of [...this.graph.nodes()].reverse()) {
      const isRead = node.outputs.some((value) => value && (value.uses.length > 0 || value.isOutput));
      if (!isRead) this.graph.remove(node);
    }
    for (const value of [...this.graph.initializers()].reverse()) {
      if (value.uses.length > 0 || value.isOutput || value.isInput) continue;
      const { name } = value;
      this.graph.removeValue(value);
      const left = [...(this.#derived.get(value)?.values() ?? [])].filter((form) => form.uses.length > 0);
      if (left.length === 1 && !this.graph.value(name)) this.graph.rename(left[0]!, name);
    }
  }

  dtypeOf(value: Value): DType | undefined {
    return this.types.dtypeOf(value);
  }

  /** Shape of the operand as TF.js has it; undefined when the rank is not known. */
  shapeOf(operand: Operand): Shape | undefined {
    if (operand.plain) return this.types.shapeOf(operand.plain);
    const shape = this.types.shapeOf(operand.channelsFirst!);
    return shape && toChannelsLast(shape.length).map((axis) => shape[axis]);
  }

  /** The rank; throws where it is not known. */
  rankOf(operand: Operand): number {
    const shape = this.shapeOf(operand);
    if (!shape) throw this.error('operand', 'a known rank', 'an unknown one');
    return shape.length;
  }

  dtypeOfOperand(operand: Operand): DType | undefined {
    return this.types.dtypeOf((operand.plain ?? operand.channelsFirst)!);
  }

  /** Small integer contents of the operand, as far as known. */
  dataOf(operand: Operand): Data | undefined {
    return operand.plain && this.types.dataOf(operand.plain);
  }

  /** Integers that must be known to convert; throws where they are computed from data. */
  knownInts(operand: Operand, what: string): number[] {
    const data = this.dataOf(operand);
    if (!data?.every((item) => typeof item === 'number')) throw this.error(what, 'a constant', 'a computed value');
    return data as number[];
  }

  plain(operand: Operand): Value {
    const source = operand.channelsFirst;
    operand.plain ??= this.transpose(source!, toChannelsLast(this.types.shapeOf(source!)!.length), 'to_channels_last');
    return operand.plain;
  }

  /** Throws where the rank is not known or below 3. */
  channelsFirst(operand: Operand): Value {
    if (operand.channelsFirst) return operand.channelsFirst;
    const rank = this.rankOf(operand);
    if (rank < 3) throw this.error('operand', 'rank >= 3', rank);
    operand.channelsFirst = this.transpose(operand.plain!, toChannelsFirst(rank), 'to_channels_first');
    return operand.channelsFirst;
  }

  /** A Transpose, or a permuted initializer where `value` is one. */
  transpose(value: Value, order: readonly number[], suffix = 'transposed'): Value {
    const { constant } = value;
    if (constant) return this.derived(value, order.join('_'), () => permuted(constant, order));
    const scope = this.#scope;
    this.#scope = `${value.name}/${suffix}`;
    const result = this.op('Transpose', [value], { perm: order });
    this.#scope = scope;
    return result;
  }

  /** `value` as int64, the type ONNX wants for shapes and axes; a cast from int64 is undone, a constant converted. */
  asInt64(value: Value): Value {
    if (this.dtypeOf(value) === 'int64') return value;
    const { constant, producer } = value;
    if (constant) return this.constant(constant.toIntegers(), 'int64', constant.dims);
    const source = producer?.op === 'Cast' ? producer.inputs[0] : undefined;
    if (source && this.dtypeOf(source) === 'int64') return source;
    return this.cast(value, 'int64');
  }

  cast(value: Value, dtype: DType): Value {
    return this.dtypeOf(value) === dtype ? value : this.op('Cast', [value], { to: dtypeCode(dtype) });
  }

  /** Applies one node to a value per element: in the layout the operand has. */
  elementwise(op: string, operand: Operand, attributes: Attributes = {}): Operand {
    return this.map(operand, (value) => this.op(op, [value], attributes));
  }

  /** Applies what treats all axes alike, in the layout the operand has. */
  map(operand: Operand, apply: (value: Value) => Value): Operand {
    const { channelsFirst } = operand;
    return channelsFirst ? channelsFirstOperand(apply(channelsFirst)) : plainOperand(apply(operand.plain!));
  }

  /** The scope's name for its first node, `<scope>/<op>`, `<scope>/<op>_1`, ... for the others. */
  #uniqueName(op: string): string {
    let name = this.#scope;
    while (name === '' || this.#names.has(name)) {
      const base = `${this.#scope}/${op}`;
      const count = this.#nameCounts.get(base) ?? 0;
      this.#nameCounts.set(base, count + 1);
      name = count === 0 ? base : `${base}_${count}`;
    }
    this.#names.add(name);
    return name;
  }
}
