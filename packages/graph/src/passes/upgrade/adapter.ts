import type { DType } from '../../dtype.js';
import { GossamerError } from '../../errors.js';
import type { TypeTable } from '../../inference/type-table.js';
import type { Node } from '../../ir/node.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import type { PassScope } from '../pass-scope.js';

/** One node on its way from one opset version to the next. */
export class UpgradeStep {
  constructor(
    readonly node: Node,
    /** The version that changes the operator. */
    readonly version: number,
    private readonly scope: PassScope,
    /** Types of the model before this version. */
    private readonly types: TypeTable,
  ) {}

  /** Refuses the upgrade: ERR_OPSET_UPGRADE, naming the node. */
  refuse(reason: string): never {
    const { node, version } = this;
    throw new GossamerError(
      'ERR_OPSET_UPGRADE',
      `node ${node.id} (${node.kind}): expected a form that opset ${version} can express, received ${reason}`,
    );
  }

  /** Known dtype of input `index`; without one the node is refused. */
  dtype(index: number): DType {
    const value = this.node.input(index);
    const dtype = value && this.types.dtypeOf(value);
    return dtype ?? this.refuse(`an input ${index} of unknown dtype`);
  }

  /** Rank of input 0, where it is known. */
  rank(): number | undefined {
    const value = this.node.input(0);
    return value && this.types.shapeOf(value)?.length;
  }

  /** Size of an axis of input 0 (or `index`), where it is a known number. */
  size(axis: number, index = 0): number | undefined {
    const value = this.node.input(index);
    const dim = value && this.types.shapeOf(value)?.[axis];
    return typeof dim === 'number' ? dim : undefined;
  }

  /** A new constant before the node, named after it. */
  constant(name: string, tensor: Tensor): Value {
    const base = this.node.outputs.find((value) => value)?.name ?? this.node.op;
    return this.scope.addConstant(`${base}_${name}`, tensor, { before: this.node });
  }

  /** Constant integers before the node: a 1-D tensor. */
  integers(name: string, values: readonly number[]): Value {
    return this.constant(name, Tensor.fromNumbers('int64', [values.length], values));
  }

  /** The result of a new node before this one, named after it. */
  operator(op: string, name: string, inputs: readonly (Value | undefined)[]): Value {
    const base = this.node.outputs.find((value) => value)?.name ?? this.node.op;
    return this.node.graph.add({ op, inputs, outputs: [`${base}_${name}`] }, { before: this.node }).output;
  }

  /** Puts constant integers into input slot `index`: a 1-D tensor, or for a number a scalar; undefined leaves the slot as it is. */
  setIntegers(index: number, name: string, values: readonly (number | bigint)[] | number | undefined): void {
    if (values === undefined) return;
    const dims = typeof values === 'number' ? [] : [values.length];
    const tensor = Tensor.fromNumbers('int64', dims, typeof values === 'number' ? [values] : values);
    this.node.graph.setInput(this.node, index, this.constant(name, tensor));
  }

  /** Removes attributes. */
  drop(...names: string[]): void {
    for (const name of names) this.node.graph.setAttribute(this.node, name, undefined);
  }
}

/** Rewrites nodes of `ops` from what they mean before version `since` to what means the same from it on; refuses what it cannot. */
export interface Adapter {
  readonly ops: readonly string[];
  readonly since: number;
  adapt(node: Node, step: UpgradeStep): void;
}

/** Makes an adapter for one operator, or for several that change alike. */
export function defineAdapter(op: string | readonly string[], since: number, adapt: Adapter['adapt']): Adapter {
  return { ops: typeof op === 'string' ? [op] : op, since, adapt };
}
