import type { DType } from '../dtype.js';
import type { GossamerError } from '../errors.js';
import type { Dim } from '../ir/dim.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Tensor } from '../ir/tensor.js';
import type { ValueType } from '../ir/value-type.js';
import type { Shape } from './dims.js';

/** Known, symbolic or unknown contents of a small tensor, row-major. Booleans are 0 and 1; int64 beyond 2^53 is clamped. */
export type Data = readonly Dim[];

/** What is known about a value: its type and, for small numeric tensors, its contents. */
export interface ValueInfo {
  readonly type: ValueType | undefined;
  readonly data?: Data | undefined;
}

/** Contents together with the (numeric) shape they have. */
export interface DataArray {
  readonly dims: readonly number[];
  readonly data: Data;
}

/** What a rule sees of its node, and where it puts what it found. Inputs and outputs are slots, counted from 0. */
export interface InferenceContext {
  /** Version of the operator set that the node's domain is imported with (1 when it is not imported). */
  readonly opset: number;
  /** False for an absent slot (missing, or ""). */
  has(input: number): boolean;
  typeOf(input: number): ValueType | undefined;
  /** Element type of a tensor input. */
  dtypeOf(input: number): DType | undefined;
  /** Shape of a tensor input; undefined when its rank is not known. */
  shapeOf(input: number): Shape | undefined;
  /** Contents of an input, where they are known at least in part. */
  dataOf(input: number): Data | undefined;
  arrayOf(input: number): DataArray | undefined;
  /** The tensor of a constant input, whatever its size. */
  constantOf(input: number): Tensor | undefined;
  /** Everything known about an input. */
  infoOf(input: number): ValueInfo;
  /** Sets the type of an output; absent outputs are ignored. */
  set(output: number, type: ValueType | undefined): void;
  /** Sets a tensor output: dtype and shape may be undefined (not known); `data` its contents. */
  setTensor(output: number, dtype: DType | undefined, shape: Shape | undefined, data?: Data): void;
  /** Sets everything known about an output. */
  setInfo(output: number, info: ValueInfo): void;
  /** Infers a subgraph with its inputs given, and returns what its outputs are; warnings of `discard`ed passes are dropped. */
  inferSubgraph(graph: Graph, inputs: readonly ValueInfo[], discard?: boolean): ValueInfo[];
  /** The error to throw for a node that cannot be right. */
  error(what: string, expected: string, received: unknown): GossamerError;
}

/** How the outputs of an operator follow from its inputs. A rule throws `context.error(...)` for a node that cannot be right. */
export interface Rule {
  /** Operators this rule is for. */
  readonly ops: readonly string[];
  /** Operator domain; '' is the standard's. */
  readonly domain: string;
  infer(node: Node, context: InferenceContext): void;
}

/** Makes a rule for one operator, or for several that behave alike. Default domain: the standard's. */
export function defineRule(spec: {
  readonly op: string | readonly string[];
  readonly domain?: string;
  infer(node: Node, context: InferenceContext): void;
}): Rule {
  const { op, domain = '', infer } = spec;
  return { ops: typeof op === 'string' ? [op] : op, domain, infer };
}
