import type { DType, Node, Tensor, Value } from '@gossamer/graph';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Call } from './call.js';
import type { Layout } from './held.js';

/** A tensor of the backend, and the layout its axes are in. */
export interface LaidOut {
  readonly tensor: TfTensor;
  readonly layout: Layout;
}

/** A result on the backend, or on the host. */
export type Result = LaidOut | Tensor;

/** What is known of a node before it runs. */
export interface NodeTypes {
  dtypeOf(value: Value | undefined): DType | undefined;
  rankOf(value: Value | undefined): number | undefined;
}

/** How one operator runs on TensorFlow.js. Throws from it are wrapped with the name of the node. */
export interface TfjsOperator {
  readonly op: string;
  /** Default: the standard's. */
  readonly domain?: string;
  /** Types that its first input of data may have. */
  readonly types: ReadonlySet<DType>;
  /** Index of the first input of data. Default 0. */
  readonly data?: number;
  /** Inputs read as numbers on the host: shapes, axes. They may exceed int32. */
  readonly host?: readonly number[];
  /** Why this node cannot run; undefined: it can. */
  refuse?(node: Node, types: NodeTypes): string | undefined;
  /** True where the reference evaluator computes the node on the host: 32 bits would not do. Default: never. */
  isExact?(node: Node, types: NodeTypes): boolean;
  /** Computes the outputs; undefined for those that are not there. */
  run(call: Call): Result | readonly (Result | undefined)[];
}

export const FLOAT: ReadonlySet<DType> = new Set<DType>(['float32']);
export const BOOL: ReadonlySet<DType> = new Set<DType>(['bool']);
export const INTEGERS: ReadonlySet<DType> = new Set<DType>(['int32', 'int64']);
export const NUMBERS: ReadonlySet<DType> = new Set<DType>(['float32', 'int32', 'int64']);
export const ALL: ReadonlySet<DType> = new Set<DType>(['float32', 'int32', 'int64', 'bool']);

/** Arithmetic on integers: the backends compute it in 32 bits, some by way of floats. */
export const exactIntegers = {
  isExact: (node: Node, types: NodeTypes): boolean => INTEGERS.has(types.dtypeOf(node.input(0))!),
};
