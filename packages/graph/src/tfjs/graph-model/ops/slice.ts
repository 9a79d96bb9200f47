import type { Value } from '../../../ir/value.js';
import type { Emitter } from '../../emitter.js';
import { axisChannelsFirst, channelsFirstOperand, type Operand, plainOperand } from '../../operand.js';
import { defineOp, definePlain, type TfNode } from '../tf-node.js';

/** A bound past every end; ONNX clamps it. */
const END = Number.MAX_SAFE_INTEGER;

/** A bound: known, or one element of an int64 vector. */
type Bound = number | Value;

/** What is cut from one axis. */
interface Cut {
  readonly axis: number;
  readonly start: Bound;
  readonly end: Bound;
  readonly step: number;
}

/** Element `index` of a vector operand. */
function element(node: TfNode, operand: number, index: number): Bound {
  const known = node.e.dataOf(node.operand(operand))?.[index];
  if (typeof known === 'number') return known;
  const { e } = node;
  const length = e.shapeOf(node.operand(operand))?.[0];
  if (typeof length === 'number' && index >= length) throw node.error('bounds', `at least ${index + 1}`, length);
  return e.op('Slice', [node.int64(operand), e.int64([index]), e.int64([index + 1]), e.int64([0])]);
}

const asVector = (e: Emitter, bound: Bound): Value => (typeof bound === 'number' ? e.int64([bound]) : bound);

function bounds(e: Emitter, list: readonly Bound[]): Value {
  if (list.every((bound) => typeof bound === 'number')) return e.int64(list as number[]);
  return list.length === 1
    ? asVector(e, list[0]!)
    : e.op(
        'Concat',
        list.map((bound) => asVector(e, bound)),
        { axis: 0 },
      );
}

/** bound + amount, where `amount` -1 (of a size) or a bound of -1 (the last element) means up to the end. */
function endAfter(e: Emitter, start: Bound, amount: Bound, last: 'size' | 'start'): Bound {
  const marker = last === 'size' ? amount : start;
  if (marker === -1) return END;
  if (typeof start === 'number' && typeof amount === 'number') return start + amount;
  const sum = e.op('Add', [asVector(e, start), asVector(e, amount)]);
  if (typeof marker === 'number') return sum;
  return e.op('Where', [e.op('Equal', [marker, e.int64([-1])]), e.int64([END]), sum]);
}

/** Applies cuts in the layout the operand has. */
function cut(e: Emitter, x: Operand, cuts: readonly Cut[], rank: number | undefined): Operand {
  const needed = cuts.filter(({ start, end, step }) => !(start === 0 && end === END && step === 1));
  if (needed.length === 0) return x;
  const write = (value: Value, axes: readonly number[]) => {
    const steps = needed.map(({ step }) => step);
    const inputs = [
      bounds(
        e,
        needed.map(({ start }) => start),
      ),
      bounds(
        e,
        needed.map(({ end }) => end),
      ),
      e.int64(axes),
    ];
    return e.op('Slice', steps.every((step) => step === 1) ? [value, ...inputs] : [value, ...inputs, e.int64(steps)]);
  };
  const axes = needed.map(({ axis }) => axis);
  if (!x.channelsFirst || x.plain || rank === undefined) return plainOperand(write(e.plain(x), axes));
  return channelsFirstOperand(
    write(
      x.channelsFirst,
      axes.map((axis) => axisChannelsFirst(axis, rank)),
    ),
  );
}

function slice(node: TfNode): Operand {
  const { e } = node;
  const rank = e.rankOf(node.operand(0));
  const cuts = Array.from({ length: rank }, (_, axis): Cut => {
    const start = element(node, 1, axis);
    return { axis, start, end: endAfter(e, start, element(node, 2, axis), 'size'), step: 1 };
  });
  return cut(e, node.operand(0), cuts, rank);
}

/** TensorFlow's `x[begin:end:stride]` with its masks. Source: tensorflow `strided_slice_op.cc`, tfjs-core `slice_util.sliceInfo`. */
function stridedSlice(node: TfNode): Operand {
  const { e } = node;
  const length = e.shapeOf(node.operand(1))?.[0];
  if (typeof length !== 'number') throw node.error('begin', 'a vector of known length', String(length));
  const mask = (name: string) => {
    const bits = node.def.int(name, 0);
    return (index: number) => index < 31 && ((bits >> index) & 1) === 1;
  };
  const [beginMask, endMask, isNew, isShrunk, isEllipsis] = [
    'begin_mask',
    'end_mask',
    'new_axis_mask',
    'shrink_axis_mask',
    'ellipsis_mask',
  ].map(mask) as [Mask, Mask, Mask, Mask, Mask];
  const steps = node.ints(3, 'strides');
  if (steps.length !== length) throw node.error('strides', `${length} integers`, steps.length);
  const cuts: Cut[] = [];
  const removed: number[] = [];
  const added: number[] = [];
  let axis = 0;
  let out = 0;
  for (let i = 0; i < length; i++) {
    if (isEllipsis(i)) {
      const others = Array.from({ length }, (_, k) => k).filter((k) => k !== i && !isNew(k)).length;
      const skipped = e.rankOf(node.operand(0)) - others;
      axis += skipped;
      out += skipped;
    } else if (isNew(i)) {
      added.push(out++);
    } else if (isShrunk(i)) {
      const start = element(node, 1, i);
      cuts.push({ axis, start, end: endAfter(e, start, 1, 'start'), step: 1 });
      removed.push(axis++);
    } else {
      const step = steps[i]!;
      if (step === 0) throw node.error('strides', 'integers other than 0', 0);
      const start = beginMask(i) ? (step > 0 ? 0 : END) : element(node, 1, i);
      const end = endMask(i) ? (step > 0 ? END : -END) : element(node, 2, i);
      cuts.push({ axis: axis++, start, end, step });
      out++;
    }
  }
  const result = cut(e, node.operand(0), cuts, e.shapeOf(node.operand(0))?.length);
  if (removed.length === 0 && added.length === 0) return result;
  let value = e.plain(result);
  if (removed.length > 0) value = e.op('Squeeze', [value, e.int64(removed)]);
  if (added.length > 0) value = e.op('Unsqueeze', [value, e.int64(added)]);
  return plainOperand(value);
}

type Mask = (index: number) => boolean;

export const sliceOps = [
  defineOp('Slice', slice),
  defineOp('StridedSlice', stridedSlice),
  definePlain('ReverseV2', (node) => {
    const { e } = node;
    const axes = node.ints(1, 'axes');
    const all = (value: number) => e.int64(axes.map(() => value));
    return axes.length === 0
      ? node.plain(0)
      : e.op('Slice', [node.plain(0), all(END), all(-END), e.int64(axes), all(-1)]);
  }),
];
