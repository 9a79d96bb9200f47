import type { Dim } from '../../ir/dim.js';
import type { Value } from '../../ir/value.js';
import type { DType } from '../../dtype.js';
import type { Emitter } from '../emitter.js';
import { type Operand, plainOperand } from '../operand.js';
import type { NodeDef } from './node-def.js';

/** What a converter sees: one TensorFlow node with its operands, and where to write. */
export class TfNode {
  constructor(
    readonly e: Emitter,
    readonly def: NodeDef,
    readonly operands: readonly Operand[],
  ) {}

  /** Operand `index`; throws ERR_TFJS_NODE where the node has none. */
  operand(index: number): Operand {
    const operand = this.operands[index];
    if (!operand) throw this.error('inputs', `at least ${index + 1}`, this.operands.length);
    return operand;
  }

  /** Operand `index` in TF.js's layout. */
  plain(index: number): Value {
    return this.e.plain(this.operand(index));
  }

  dtype(index: number): DType | undefined {
    return this.e.dtypeOfOperand(this.operand(index));
  }

  /** Integers of operand `index`, which must not be computed from data. */
  ints(index: number, what: string): number[] {
    return this.e.knownInts(this.operand(index), what);
  }

  /** One integer of operand `index`. */
  int(index: number, what: string): number {
    const [value, ...more] = this.ints(index, what);
    if (value === undefined || more.length > 0) throw this.error(what, 'one integer', more.length + 1);
    return value;
  }

  /** Operand `index` as an int64 vector or scalar; a constant where its contents are known. */
  int64(index: number): Value {
    const operand = this.operand(index);
    const data = this.e.dataOf(operand);
    const shape = this.e.shapeOf(operand);
    const isKnown = (dims: readonly Dim[] | undefined): dims is readonly number[] =>
      dims?.every((dim) => typeof dim === 'number') ?? false;
    if (isKnown(data) && isKnown(shape)) return this.e.constant(data, 'int64', shape);
    return this.e.asInt64(this.e.plain(operand));
  }

  error(what: string, expected: string, received: unknown): Error {
    return this.e.error(`${this.def.op} ${what}`, expected, received);
  }
}

/** How an operator is written. */
export interface OpConverter {
  readonly ops: readonly string[];
  /** True where operands may be complex. */
  readonly takesComplex?: boolean;
  convert(node: TfNode): readonly Operand[];
}

/** Makes a converter for operators whose result is one operand. */
export function defineOp(ops: string | readonly string[], convert: (node: TfNode) => Operand): OpConverter {
  return { ops: typeof ops === 'string' ? [ops] : ops, convert: (node) => [convert(node)] };
}

/** The same for a result in TF.js's layout. */
export function definePlain(ops: string | readonly string[], convert: (node: TfNode) => Value): OpConverter {
  return defineOp(ops, (node) => plainOperand(convert(node)));
}

/** Makes a converter for operators with several results, in TF.js's layout. */
export function defineOps(ops: string | readonly string[], convert: (node: TfNode) => readonly Value[]): OpConverter {
  return { ops: typeof ops === 'string' ? [ops] : ops, convert: (node) => convert(node).map(plainOperand) };
}
