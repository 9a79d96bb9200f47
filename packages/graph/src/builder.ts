import { type DType } from './dtype.js';
import { attribute, type AttributeValue } from './ir/attribute.js';
import { type Dim, symbol } from './ir/dim.js';
import { Graph } from './ir/graph.js';
import { Model } from './ir/model.js';
import { Tensor } from './ir/tensor.js';
import type { Value } from './ir/value.js';
import { tensorType } from './ir/value-type.js';

/** A plain attribute: integers become int, other numbers float, strings string; `attribute.float(1)` says what a number cannot. */
export type PlainAttribute = number | string | readonly number[] | Tensor | AttributeValue;

/** What the model around the graph says. */
export interface BuilderOptions {
  /** Standard opset of the model; default 17. */
  readonly opset?: number;
  /** Default 8. */
  readonly irVersion?: number;
  /** Other domains, e.g. `{ 'com.microsoft': 1 }`. */
  readonly domains?: Readonly<Record<string, number>>;
}

/** What `op` takes beside inputs and attributes. */
export interface OpOptions {
  readonly name?: string;
  readonly domain?: string;
  /** Number of outputs, for `ops`; default 1. */
  readonly outputs?: number;
}

/**
 * Writes a graph by hand, one operator a line:
 *
 *     const g = new GraphBuilder('net');
 *     const x = g.input('x', 'float32', ['n', 3, 32, 32]);
 *     const y = g.op('Relu', [g.op('Conv', [x, g.weight('w', [8, 3, 3, 3], data)], { pads: [1, 1, 1, 1] })]);
 *     const model = g.output(y, 'y').model();
 */
export class GraphBuilder {
  readonly graph: Graph;
  readonly #options: BuilderOptions;

  constructor(name: string, options: BuilderOptions = {}) {
    this.graph = new Graph(name);
    this.#options = options;
  }

  /** Declares an input; strings in `shape` are symbols. */
  input(name: string, dtype: DType, shape?: readonly (number | string)[]): Value {
    return this.graph.addInput(name, tensorType(dtype, shape?.map(toDim)));
  }

  /** An initializer of float32 data. */
  weight(name: string, dims: readonly number[], data: Float32Array): Value {
    return this.graph.addInitializer(name, Tensor.of('float32', dims, data));
  }

  /** An initializer of numbers; an array is 1-D unless `dims` says otherwise, a number a scalar. Default dtype int64. */
  constant(value: number | readonly number[], dtype: DType = 'int64', dims?: readonly number[]): Value {
    const values = typeof value === 'number' ? [value] : value;
    const shape = dims ?? (typeof value === 'number' ? [] : [values.length]);
    return this.graph.addInitializer('constant', Tensor.fromNumbers(dtype, shape, values));
  }

  /** Adds an operator with one output and returns it. Missing optional inputs are undefined. */
  op(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, PlainAttribute>> = {},
    options: OpOptions = {},
  ): Value {
    return this.ops(op, inputs, attributes, options)[0]!;
  }

  /** Adds an operator with `options.outputs` outputs and returns them. */
  ops(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, PlainAttribute>> = {},
    options: OpOptions = {},
  ): Value[] {
    const base = options.name ?? op.toLowerCase();
    const count = options.outputs ?? 1;
    const node = this.graph.add({
      op,
      inputs,
      name: options.name ?? '',
      domain: options.domain ?? '',
      outputs: Array.from({ length: count }, (_, i) => (count === 1 ? `${base}_out` : `${base}_out${i}`)),
      attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, toAttribute(value)])),
    });
    return node.outputs as Value[];
  }

  /** Makes `value` an output, under `name` when given. */
  output(value: Value, name?: string, dtype?: DType, shape?: readonly (number | string)[]): this {
    if (name !== undefined && name !== value.name) this.graph.rename(value, name);
    if (dtype) this.graph.setType(value, tensorType(dtype, shape?.map(toDim)));
    this.graph.addOutput(value);
    return this;
  }

  /** The model around the graph built so far. */
  model(): Model {
    const { opset = 17, irVersion = 8, domains = {} } = this.#options;
    return new Model({ irVersion, opsets: new Map([['', opset], ...Object.entries(domains)]), graph: this.graph });
  }
}

const toDim = (dim: number | string): Dim => (typeof dim === 'string' ? symbol(dim) : dim);

/** The attribute a plain value stands for. */
export function toAttribute(value: PlainAttribute): AttributeValue {
  if (typeof value === 'number') return Number.isInteger(value) ? attribute.int(value) : attribute.float(value);
  if (typeof value === 'string') return attribute.string(value);
  if (value instanceof Tensor) return attribute.tensor(value);
  if (isNumbers(value)) return value.every(Number.isInteger) ? attribute.ints(value) : attribute.floats(value);
  return value;
}

const isNumbers = (value: readonly number[] | AttributeValue): value is readonly number[] => Array.isArray(value);
