import type { DType } from '../dtype.js';
import { GossamerError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import { elementCount } from '../ir/tensor.js';
import type { Budget } from './budget.js';
import {
  type BigData,
  type EvalTensor,
  type EvalValue,
  makeData,
  type NumberData,
  type Precision,
} from './eval-value.js';

/** Strings of the largest tensor: an array of references, 128 MB, where numbers are paged in as they are written. */
const MAX_STRINGS = 2 ** 24;

/** What a kernel may ask of the evaluation it runs in. */
export interface KernelHost {
  readonly precision: Precision;
  readonly budget: Budget;
  /** Versions of the operator domains, for the scope of the node. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Evaluates a subgraph of the node with `inputs` bound in order; captures are seen. */
  runSubgraph(graph: Graph, inputs: readonly EvalValue[]): readonly EvalValue[];
}

/** One call of an operator: its node, decoded inputs, and where to put results. */
export class KernelCall {
  readonly #host: KernelHost;

  constructor(
    readonly node: Node,
    readonly inputs: readonly (EvalValue | undefined)[],
    host: KernelHost,
  ) {
    this.#host = host;
  }

  get precision(): Precision {
    return this.#host.precision;
  }

  /** Version of the node's operator domain (1 when the model names none). */
  get opset(): number {
    return this.#host.opsets.get(this.node.domain) ?? 1;
  }

  /** Any input, ERR_EVAL_INPUT when absent. */
  value(index: number): EvalValue {
    const found = this.inputs[index];
    if (!found) this.fail('ERR_EVAL_INPUT', `input ${index}`, 'a value', 'none');
    return found;
  }

  /** A tensor input, ERR_EVAL_INPUT when it is absent or something else. */
  tensor(index: number): EvalTensor {
    const found = this.value(index);
    if (found.kind !== 'tensor') this.fail('ERR_EVAL_INPUT', `input ${index}`, 'a tensor', found.kind);
    return found;
  }

  /** Like `tensor`, undefined when the input is absent. */
  optional(index: number): EvalTensor | undefined {
    return this.inputs[index] ? this.tensor(index) : undefined;
  }

  /** All inputs of a variadic operator. */
  tensors(): EvalTensor[] {
    return this.inputs.map((_, index) => this.tensor(index));
  }

  /** Elements of a tensor input that fit JavaScript numbers (not 64-bit integers, not strings). */
  numbers(index: number): NumberData {
    return this.asNumbers(this.tensor(index));
  }

  /** The elements of a tensor as `numbers` gives them; ERR_EVAL_INPUT for 64-bit integers and strings. */
  asNumbers(tensor: EvalTensor): NumberData {
    const { data } = tensor;
    if (Array.isArray(data) || data instanceof BigInt64Array || data instanceof BigUint64Array) {
      this.fail('ERR_EVAL_INPUT', 'input', 'numbers of at most 32 bits or floats', tensor.dtype);
    }
    return data;
  }

  /** Elements of an input as safe integers (shapes, axes, indices). */
  integers(index: number): number[] {
    const { data } = this.tensor(index);
    return Array.from(data as ArrayLike<number | bigint | string>, (element) => {
      const integer = Number(element);
      if (!Number.isSafeInteger(integer))
        this.fail('ERR_EVAL_INPUT', `input ${index}`, 'safe integers', String(element));
      return integer;
    });
  }

  /** Like `integers`, undefined when the input is absent. */
  optionalIntegers(index: number): number[] | undefined {
    return this.inputs[index] ? this.integers(index) : undefined;
  }

  /** A zero-filled result, charged to the budget. */
  allocate(dtype: DType, dims: readonly number[]): EvalTensor {
    const length = elementCount(dims);
    this.#host.budget.chargeTensor(length, this.node.id);
    if (dtype === 'string' && length > MAX_STRINGS) {
      this.fail('ERR_EVAL_BUDGET', 'result', `at most ${MAX_STRINGS} strings`, String(length));
    }
    return { kind: 'tensor', dtype, dims, data: makeData(dtype, length, this.precision) };
  }

  /** A result over numbers already computed, stored (and so rounded or wrapped) in `dtype`. */
  result(dtype: DType, dims: readonly number[], values: ArrayLike<number>): EvalTensor {
    const target = this.allocate(dtype, dims);
    if (Array.isArray(target.data)) this.fail('ERR_EVAL_INPUT', 'result', 'numbers', dtype);
    if (target.data instanceof BigInt64Array || target.data instanceof BigUint64Array) {
      for (let i = 0; i < values.length; i++) target.data[i] = toBigInt(values[i]!);
    } else (target.data as NumberData).set(values);
    return target;
  }

  /** Charges scratch space for a tensor of `dims` before it is made; returns its elements. */
  reserve(dims: readonly number[]): number {
    const length = elementCount(dims);
    this.#host.budget.chargeTensor(length, this.node.id);
    return length;
  }

  /** Charges multiply-adds to the budget. */
  charge(count: number): void {
    this.#host.budget.charge(count, this.node.id);
  }

  /** Evaluates a body of the node with `inputs` bound in order. */
  runSubgraph(graph: Graph, inputs: readonly EvalValue[]): readonly EvalValue[] {
    return this.#host.runSubgraph(graph, inputs);
  }

  /** An axis in [0, rank), counted from the end when negative. */
  axis(axis: number, rank: number): number {
    const normalised = axis < 0 ? axis + rank : axis;
    if (!(normalised >= 0 && normalised < rank)) {
      this.fail('ERR_EVAL_SHAPE', 'axis', `an axis in [-${rank}, ${rank})`, String(axis));
    }
    return normalised;
  }

  /** Throws a GossamerError that names the node. */
  fail(code: string, what: string, expected: string, received: string): never {
    throw new GossamerError(
      code,
      `${this.node.kind} ${this.node.id}: ${what}: expected ${expected}, received ${received}`,
    );
  }
}

/** How one operator computes its outputs. Kernels are pure: inputs are never written to, results may share their data. */
export interface Kernel {
  readonly op: string;
  /** Operator domain; default '' (the standard). */
  readonly domain?: string;
  run(call: KernelCall): readonly (EvalValue | undefined)[];
}

/** Types a kernel. */
export function defineKernel(kernel: Kernel): Kernel {
  return kernel;
}

/** The integer part; NaN and infinities, which have none, give the smallest 64-bit integer. */
function toBigInt(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : -(1n << 63n);
}

/** True for the elements of 64-bit integers. */
export function isBig(data: EvalTensor['data']): data is BigData {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}
