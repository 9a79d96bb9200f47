import {
  attribute,
  type DType,
  dtypeCode,
  GossamerError,
  type Graph,
  type Model,
  type Node,
  type PlainAttribute,
  RunningTypes,
  Tensor,
  tensorType,
  toAttribute,
  type Value,
} from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';
import { TRAIN_DOMAIN } from './train-domain.js';

export type Attributes = Readonly<Record<string, PlainAttribute>>;

/** Where an operator comes from, and how many outputs it has. */
export interface EmitOptions {
  /** Default: the standard's. */
  readonly domain?: string;
  /** Default 1. */
  readonly outputs?: number;
  /** Name of the node; default: made of `scope` and the operator. */
  readonly name?: string;
}

/**
 * Appends operators to a graph whose sizes are all numbers, and knows the shape of every value as it does. Rules, lowerings, losses and
 * bodies of functions are written with it: one operator a line, in the standard's names, with short forms for the commonest.
 */
export class Emitter {
  readonly graph: Graph;
  readonly types: RunningTypes;
  /** Begins the names of nodes: where they come from, for profiles. */
  scope = '';
  readonly #constants = new Map<string, Value>();
  readonly #nodeNames: Set<string>;
  readonly #nextSuffix = new Map<string, number>();

  /** `model` is in the standard's opset 21; its values are known to `types`. */
  constructor(
    readonly model: Model,
    types = new RunningTypes(model),
  ) {
    this.graph = model.graph;
    this.types = types;
    this.#nodeNames = new Set([...model.graph.nodes()].map(({ name }) => name));
  }

  /** The first of `base`, `base_1`, `base_2`, ... that no node is called: stock runtimes refuse two nodes of one name. */
  #freeName(base: string): string {
    let name = base;
    for (let suffix = this.#nextSuffix.get(base) ?? 1; this.#nodeNames.has(name); suffix++) {
      name = `${base}_${suffix}`;
      this.#nextSuffix.set(base, suffix + 1);
    }
    this.#nodeNames.add(name);
    return name;
  }

  /** The shape. Throws ERR_TRAINING_FORM where a size is not known. */
  shape(value: Value): readonly number[] {
    const type = this.types.typeOf(value);
    const shape = type?.kind === 'tensor' ? type.shape : undefined;
    if (shape?.every((dim) => typeof dim === 'number')) return shape as readonly number[];
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAINING_FORM',
      `value ${value.name}: expected a tensor whose sizes are all known, received [${shape?.map(String).join(',') ?? '?'}]`,
    );
  }

  rank(value: Value): number {
    return this.shape(value).length;
  }

  /** Number of elements. */
  size(value: Value): number {
    return this.shape(value).reduce((a, b) => a * b, 1);
  }

  /** The element type. Throws ERR_TRAINING_FORM where it is not known. */
  dtype(value: Value): DType {
    const type = this.types.typeOf(value);
    if (type?.kind === 'tensor' && type.dtype) return type.dtype;
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAINING_FORM',
      `value ${value.name}: expected a tensor of a known type, received ${type?.kind ?? 'an unknown one'}`,
    );
  }

  /** Contents of an integer tensor. Throws ERR_TRAINING_FORM where they are not known. */
  integers(value: Value): readonly number[] {
    const data = this.types.dataOf(value);
    if (data?.every((item) => typeof item === 'number')) return data as readonly number[];
    const tensor = value.constant;
    if (tensor) return Array.from(tensor.toIntegers(), Number);
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAINING_FORM',
      `value ${value.name}: expected integers that are known ahead, received ones that a run computes`,
    );
  }

  /** Declares a graph input. Throws ERR_TRAIN_OPTIONS for a name that a value of the graph has. */
  input(name: string, dtype: DType, shape: readonly number[]): Value {
    if (this.graph.value(name)) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_TRAIN_OPTIONS',
        `input ${name}: expected a name that no value of the model has, received a taken one`,
      );
    }
    const type = tensorType(dtype, shape);
    const value = this.graph.addInput(name, type);
    this.types.set(value, type);
    return value;
  }

  /** Makes `value` the graph output `name`. */
  output(value: Value, name: string): Value {
    const isNamed = value.name === name && !value.isOutput;
    const isFixed = value.isInput || value.constant || value.isOutput;
    const own = isFixed && !isNamed ? this.op('Identity', [value]) : value;
    if (own.name !== name) this.graph.rename(own, name);
    this.graph.setType(own, this.types.typeOf(own));
    this.graph.addOutput(own);
    return own;
  }

  /** One operator with one output. Numbers that are integers become int attributes: write `attribute.float(1)` for a float. */
  op(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes = {},
    options: EmitOptions = {},
  ): Value {
    return this.ops(op, inputs, attributes, { ...options, outputs: 1 })[0]!;
  }

  /** One operator with `options.outputs` outputs. */
  ops(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes = {},
    options: EmitOptions = {},
  ): Value[] {
    const { domain = '', outputs = 1 } = options;
    const name = this.#freeName(options.name ?? `${this.scope}${op}`);
    const node = this.graph.add({
      op,
      domain,
      name,
      inputs,
      outputs: Array.from({ length: outputs }, (_, i) => (outputs === 1 ? `${name}_out` : `${name}_out${i}`)),
      attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, toAttribute(value)])),
    });
    this.types.infer(node);
    return node.outputs as Value[];
  }

  /** A registered function of the training domain (functions/). */
  call(name: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}, outputs = 1): Value[] {
    return this.ops(name, inputs, attributes, { domain: TRAIN_DOMAIN, outputs });
  }

  /** The same node again, reading `inputs`. */
  copy(node: Node, inputs: readonly (Value | undefined)[]): (Value | undefined)[] {
    const copy = this.graph.add({
      op: node.op,
      domain: node.domain,
      name: this.#freeName(node.name === '' ? `${this.scope}${node.op}` : node.name),
      inputs,
      outputs: node.outputs.map((value) => value && value.name),
      attributes: Object.fromEntries([...node.attributes].map(([key, { content }]) => [key, content])),
    });
    this.types.infer(copy);
    return [...copy.outputs];
  }

  /** A constant, the same value for the same contents. A list is 1-D unless `dims` says otherwise, a number a scalar. */
  constant(value: number | readonly number[], dtype: DType = 'float32', dims?: readonly number[]): Value {
    const values = typeof value === 'number' ? [value] : value;
    const shape = dims ?? (typeof value === 'number' ? [] : [values.length]);
    const key = `${dtype}:${shape.join()}:${values.join()}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const made = this.tensor(Tensor.fromNumbers(dtype, shape, values));
    this.#constants.set(key, made);
    return made;
  }

  /** A constant of int64. */
  int64(values: number | readonly number[]): Value {
    return this.constant(values, 'int64');
  }

  /** A constant tensor. */
  tensor(tensor: Tensor, name = 'constant'): Value {
    return this.graph.addInitializer(this.graph.uniqueName(name), tensor);
  }

  add(a: Value, b: Value): Value {
    return this.op('Add', [a, b]);
  }

  sub(a: Value, b: Value): Value {
    return this.op('Sub', [a, b]);
  }

  mul(a: Value, b: Value): Value {
    return this.op('Mul', [a, b]);
  }

  div(a: Value, b: Value): Value {
    return this.op('Div', [a, b]);
  }

  neg(a: Value): Value {
    return this.op('Neg', [a]);
  }

  /** `a` times a number. */
  scale(a: Value, factor: number): Value {
    return factor === 1 ? a : this.mul(a, this.constant(factor, this.dtype(a)));
  }

  sum(a: Value, axes: readonly number[], keepdims: 0 | 1 = 0): Value {
    return axes.length === 0 ? a : this.op('ReduceSum', [a, this.int64(axes)], { keepdims });
  }

  mean(a: Value, axes: readonly number[], keepdims: 0 | 1 = 0): Value {
    return axes.length === 0 ? a : this.op('ReduceMean', [a, this.int64(axes)], { keepdims });
  }

  reshape(a: Value, shape: readonly number[]): Value {
    const from = this.shape(a);
    const isSame = from.length === shape.length && from.every((dim, i) => dim === shape[i]);
    return isSame ? a : this.op('Reshape', [a, this.int64(shape)]);
  }

  expand(a: Value, shape: readonly number[]): Value {
    const from = this.shape(a);
    const isSame = from.length === shape.length && from.every((dim, i) => dim === shape[i]);
    return isSame ? a : this.op('Expand', [a, this.int64(shape)]);
  }

  transpose(a: Value, perm: readonly number[]): Value {
    return perm.every((axis, i) => axis === i) ? a : this.op('Transpose', [a], { perm: attribute.ints(perm) });
  }

  slice(
    a: Value,
    axes: readonly number[],
    starts: readonly number[],
    ends: readonly number[],
    steps?: readonly number[],
  ): Value {
    const inputs = [a, this.int64(starts), this.int64(ends), this.int64(axes)];
    return this.op('Slice', steps ? [...inputs, this.int64(steps)] : inputs);
  }

  /** Zeros around `a`: begins of all axes, then ends. */
  pad(a: Value, pads: readonly number[]): Value {
    return pads.every((count) => count === 0) ? a : this.op('Pad', [a, this.int64(pads)]);
  }

  concat(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? values[0]! : this.op('Concat', values, { axis });
  }

  where(condition: Value, a: Value, b: Value): Value {
    return this.op('Where', [condition, a, b]);
  }

  zeros(shape: readonly number[], dtype: DType = 'float32'): Value {
    return this.expand(this.constant(0, dtype), shape);
  }

  /** The same numbers as another type. */
  cast(a: Value, dtype: DType): Value {
    return this.dtype(a) === dtype ? a : this.op('Cast', [a], { to: dtypeCode(dtype) });
  }

  /** Product of matrices (the last two axes), with `a` or `b` transposed there. */
  matmul(a: Value, b: Value, transA = false, transB = false): Value {
    return this.op('MatMul', [transA ? this.swapLast(a) : a, transB ? this.swapLast(b) : b]);
  }

  /** The last two axes exchanged. */
  swapLast(a: Value): Value {
    const rank = this.rank(a);
    const perm = Array.from({ length: rank }, (_, i) => i);
    perm.splice(rank - 2, 2, rank - 1, rank - 2);
    return this.transpose(a, perm);
  }
}
