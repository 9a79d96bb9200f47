import { type Node, type Tensor } from '@gossamer/graph';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { channelsLastPerm, permuted } from '../layout/permutations.js';
import type { Tf } from './backend.js';
import { type Held, type Layout, turned } from './held.js';
import type { LaidOut } from './operator.js';

/** Operands of one node in one layout. */
export interface Aligned {
  readonly tensors: readonly TfTensor[];
  readonly layout: Layout;
}

/** One call of an operator: its node and its inputs. */
export class Call {
  constructor(
    readonly tf: Tf,
    readonly node: Node,
    readonly inputs: readonly (Held | undefined)[],
  ) {}

  has(index: number): boolean {
    return this.inputs[index] !== undefined;
  }

  held(index: number): Held {
    const found = this.inputs[index];
    if (!found) throw new Error(`input ${index}: expected a value, received none`);
    return found;
  }

  shape(index: number): readonly number[] {
    return this.held(index).shape;
  }

  /** An input with its axes in the order of ONNX. */
  first(index: number): TfTensor {
    return this.held(index).first();
  }

  optional(index: number): TfTensor | undefined {
    return this.inputs[index]?.first();
  }

  /** An input in the layout it is there in; channels last where both are. */
  any(index: number): LaidOut {
    const held = this.held(index);
    const layout = held.has('last') ? 'last' : 'first';
    return { tensor: held.in(layout), layout };
  }

  /** An input as numbers on the host; undefined when it is absent. */
  numbers(index: number): number[] | undefined {
    const tensor: Tensor | undefined = this.inputs[index]?.host();
    return tensor && Array.from(tensor.toFloat64());
  }

  /** Attribute or input of axes in [0, rank), counted from the end when negative. */
  axis(axis: number, rank: number): number {
    const wrapped = axis < 0 ? axis + rank : axis;
    if (!(wrapped >= 0 && wrapped < rank)) throw new Error(`axis: expected one of rank ${rank}, received ${axis}`);
    return wrapped;
  }

  /**
   * Inputs that broadcast to each other, in one layout: that in which fewer elements have to be turned, channels last where it is the
   * same. Operands of lower rank are given leading axes of size 1.
   */
  aligned(indices: readonly number[] = this.inputs.map((_, index) => index)): Aligned {
    const operands = indices.map((index) => this.held(index));
    const rank = Math.max(...operands.map((operand) => operand.rank));
    const whole = operands.filter((operand) => operand.rank === rank && operand.size > 1);
    const lacking = (layout: Layout) => whole.reduce((sum, held) => sum + (held.has(layout) ? 0 : held.size), 0);
    const isLast = rank >= 3 && whole.some((held) => held.has('last')) && lacking('last') <= lacking('first');
    const layout = isLast ? 'last' : 'first';
    return { layout, tensors: operands.map((operand) => (isLast ? lastOf(this.tf, operand, rank) : operand.first())) };
  }
}

/** An operand that broadcasts to rank `rank`, with channels last. */
function lastOf(tf: Tf, held: Held, rank: number): TfTensor {
  if (held.rank === rank) return held.last();
  const whole = tf.reshape(held.first(), [...new Array<number>(rank - held.rank).fill(1), ...held.shape]);
  return turned(tf, whole, channelsLastPerm(rank));
}

/** Where an axis of ONNX is in a layout. */
export const axisIn = (layout: Layout, rank: number, axis: number): number =>
  layout === 'last' ? channelsLastPerm(rank).indexOf(axis) : axis;

/** A list with one entry an axis of ONNX, in the order of a layout. */
export const ordered = <T>(layout: Layout, list: readonly T[]): T[] =>
  layout === 'last' ? permuted(list, channelsLastPerm(list.length)) : [...list];

/** A result whose axes are those of ONNX. */
export const first = (tensor: TfTensor): LaidOut => ({ tensor, layout: 'first' });

/** A result with channels last. */
export const last = (tensor: TfTensor): LaidOut => ({ tensor, layout: 'last' });
