import { GraphBuilder, type PlainAttribute, Tensor, type Value } from '@gossamer/graph';
import type { SeededRandom } from '../seeded-random.js';
import type { Bounded, Bounds, GeneratedDim } from './bounded.js';

/** A constant with a bound on its elements. */
export interface Constant extends Bounds {
  readonly value: Value;
}

/** Values beyond these bounds are not built on: a check against them would notice little. */
const MAX_MAGNITUDE = 1e4;
const MAX_ERROR = 1e-2;

/** A graph that grows: its builder, its dice, the values so far. */
export class Net {
  readonly g: GraphBuilder;
  readonly irVersion: number;
  readonly pool: Bounded[] = [];
  /** One of so many initializers is an input too: all of them below IR version 4, where it must be; 0: none. */
  readonly #listed: number;

  constructor(
    readonly random: SeededRandom,
    readonly opset: number,
  ) {
    this.irVersion =
      opset < 9 && random.integer(2) === 0 ? 3 : opset >= 23 ? 11 : opset >= 21 ? 10 : opset >= 9 ? 8 : 7;
    this.#listed = this.irVersion === 3 ? 1 : random.integer(12) === 0 ? 4 : 0;
    this.g = new GraphBuilder('generated', { opset, irVersion: this.irVersion });
  }

  op(op: string, inputs: readonly (Value | undefined)[], attributes: Readonly<Record<string, PlainAttribute>> = {}) {
    return this.g.op(op, inputs, attributes);
  }

  /** Keeps a value for later steps, unless its bounds have become useless. */
  keep(bounded: Bounded): void {
    if (bounded.magnitude <= MAX_MAGNITUDE && bounded.error <= MAX_ERROR) this.pool.push(bounded);
  }

  /** Some value, late ones more often. */
  pick(): Bounded {
    const { random, pool } = this;
    return pool[Math.max(random.integer(pool.length), random.integer(pool.length))]!;
  }

  /** Another value of the same dims, or `x` itself. */
  partner(x: Bounded): Bounded {
    const alike = this.pool.filter(({ dims }) => dims.join() === x.dims.join());
    return alike[this.random.integer(alike.length + 1)] ?? x;
  }

  /** Random float32 elements in [low, high], stored in one of the ways exporters store a weight. */
  weight(dims: readonly number[], low = -1, high = 1): Constant {
    const length = dims.reduce((product, size) => product * size, 1);
    const data = Array.from({ length }, () => Math.fround(this.random.between(low, high)));
    return {
      value: this.constant('float32', dims, data),
      magnitude: Math.max(Math.abs(low), Math.abs(high)),
      error: 0,
    };
  }

  /** A float32 scalar. */
  scalar(value: number): Constant {
    return { value: this.constant('float32', [], [value]), magnitude: Math.abs(value), error: 0 };
  }

  /** 1-D int64 numbers. */
  integers(values: readonly number[]): Value {
    return this.constant('int64', [values.length], values);
  }

  private constant(dtype: 'float32' | 'int64', dims: readonly number[], values: readonly number[]): Value {
    const tensor = Tensor.fromNumbers(dtype, dims, values);
    const kind = this.random.integer(6);
    if (kind < 3) return this.initializer(tensor);
    if (kind < 5) return this.op('Constant', [], { value: tensor });
    return this.op('Identity', [this.initializer(tensor)]);
  }

  private initializer(tensor: Tensor): Value {
    const { graph } = this.g;
    if (this.#listed === 0 || this.random.integer(this.#listed) !== 0) return graph.addInitializer('w', tensor);
    const value = this.g.input(graph.uniqueName('w'), tensor.dtype, tensor.dims);
    graph.setInitializer(value, tensor);
    return value;
  }

  /** An operator whose list of integers was an attribute before opset `since` and is input 1 from it on. */
  listed(op: string, since: number, name: string, x: Value, values: readonly number[], attributes = {}): Value {
    return this.opset >= since
      ? this.op(op, [x, this.integers(values)], attributes)
      : this.op(op, [x], { ...attributes, [name]: values });
  }

  reshape(x: Value, dims: readonly number[]): Value {
    return this.op('Reshape', [x, this.integers(dims)]);
  }

  /** The same bounds for a value with the same elements, or some of them. */
  moved(x: Bounded, value: Value, dims: readonly GeneratedDim[]): Bounded {
    return { value, dims, magnitude: x.magnitude, error: x.error };
  }
}

/** One way to make a value from another; undefined where it does not apply. */
export type Step = (net: Net, x: Bounded) => Bounded | undefined;
