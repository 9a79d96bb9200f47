import type { Dim } from '@gossamer/graph';
import { equalDims } from '@gossamer/graph';

/**
 * Where the channels of a value lie: the element at (i0, i1, ...) belongs to channel `offset` + sum of steps[axis][i_axis] over the axes
 * that have steps. An axis without steps has all channels at every index. Axes with steps have known sizes.
 */
export interface ChannelLayout {
  readonly offset: number;
  /** One entry an axis of the value. */
  readonly steps: readonly (Int32Array | undefined)[];
}

type Steps = Int32Array | undefined;

/** `channels` channels along one axis. */
export function channelsAlong(rank: number, axis: number, channels: number): ChannelLayout {
  const steps = Array.from({ length: rank }, (_, i) =>
    i === axis ? Int32Array.from({ length: channels }, (__, c) => c) : undefined,
  );
  return { offset: 0, steps };
}

/** The axes that tell channels apart. */
export function channelAxes({ steps }: ChannelLayout): number[] {
  return [...steps.keys()].filter((axis) => steps[axis]);
}

/** The channel of each index of `axis` where no other axis tells channels apart, as a weight's columns need it. */
export function channelsOn(layout: ChannelLayout, axis: number): Int32Array | undefined {
  const steps = layout.steps[axis];
  if (!steps || channelAxes(layout).length !== 1) return undefined;
  return steps.map((step) => step + layout.offset);
}

export function sameLayout(a: ChannelLayout, b: ChannelLayout): boolean {
  if (a.offset !== b.offset || a.steps.length !== b.steps.length) return false;
  return a.steps.every((steps, axis) => {
    const other = b.steps[axis];
    return steps === other || (steps?.length === other?.length && steps!.every((step, i) => step === other![i]));
  });
}

/** Constant steps become part of the offset: such an axis does not tell channels apart. */
function normalised(offset: number, steps: readonly Steps[]): ChannelLayout {
  let total = offset;
  const kept = steps.map((axis) => {
    if (!axis?.every((step) => step === axis[0])) return axis;
    total += axis[0] ?? 0;
    return undefined;
  });
  return { offset: total, steps: kept };
}

/** Axis i of the result is axis `order[i]`. */
export function transposeLayout({ offset, steps }: ChannelLayout, order: readonly number[]): ChannelLayout {
  return { offset, steps: order.map((axis) => steps[axis]) };
}

/** Without the axes `dropped` (of one element, or reduced over); undefined where one of them tells channels apart. */
export function dropAxes({ offset, steps }: ChannelLayout, dropped: readonly number[]): ChannelLayout | undefined {
  if (dropped.some((axis) => steps[axis])) return undefined;
  return { offset, steps: steps.filter((_, axis) => !dropped.includes(axis)) };
}

/** With axes of one element at the places `added` of the result. */
export function insertAxes({ offset, steps }: ChannelLayout, added: readonly number[]): ChannelLayout {
  const rest = [...steps];
  const rank = steps.length + added.length;
  return { offset, steps: Array.from({ length: rank }, (_, i) => (added.includes(i) ? undefined : rest.shift())) };
}

/** Aligned to the right in `rank` axes, as broadcasting aligns. */
export function broadcastLayout({ offset, steps }: ChannelLayout, rank: number): ChannelLayout {
  return { offset, steps: [...Array.from({ length: rank - steps.length }, () => undefined), ...steps] };
}

/** What is left of `axis` when only `indices` of it are read. */
export function sliceLayout({ offset, steps }: ChannelLayout, axis: number, indices: readonly number[]): ChannelLayout {
  const kept = steps.map((own, i) => (own && i === axis ? Int32Array.from(indices, (index) => own[index]!) : own));
  return normalised(offset, kept);
}

/** The layout after a Reshape; undefined where channels no longer lie along axes, or where unknown sizes hide it. */
export function reshapeLayout(
  layout: ChannelLayout,
  from: readonly Dim[],
  to: readonly Dim[],
): ChannelLayout | undefined {
  // What is equal on the left leaves equal counts on the right, and the other way round.
  let left = 0;
  while (left < Math.min(from.length, to.length) && equalDims(from[left], to[left])) left++;
  const steps: Steps[] = to.map((_, axis) => (axis < left ? layout.steps[axis] : undefined));
  let { offset } = layout;
  let [i, j] = [from.length, to.length];
  while (i > left && j > left) {
    const segment = lastSegment(from.slice(left, i), to.slice(left, j));
    if (!segment) break;
    const [width, made] = segment;
    const own = layout.steps.slice(i - width, i);
    const flat = own.some((axis) => axis) ? flatten(own, from.slice(i - width, i) as number[]) : undefined;
    const parts = flat && split(flat, to.slice(j - made, j) as number[]);
    if (flat && !parts) return undefined;
    i -= width;
    j -= made;
    if (parts) {
      offset += parts.offset;
      parts.steps.forEach((part, k) => (steps[j + k] = part));
    }
  }
  // Between the two matched parts nothing may tell channels apart.
  if (layout.steps.slice(left, i).some((axis) => axis)) return undefined;
  return normalised(offset, steps);
}

/** How many of the last axes on both sides hold equally many elements, the fewest; undefined when unknown sizes come first. */
function lastSegment(from: readonly Dim[], to: readonly Dim[]): [number, number] | undefined {
  let [width, made] = [1, 1];
  if (equalDims(from.at(-1), to.at(-1))) return typeof from.at(-1) === 'number' ? [1, 1] : undefined;
  let [a, b] = [from.at(-1), to.at(-1)];
  for (;;) {
    if (typeof a !== 'number' || typeof b !== 'number') return undefined;
    if (a === b) return [width, made];
    if (a < b) {
      const next = from.at(-++width);
      a = typeof next === 'number' ? a * next : undefined;
    } else {
      const next = to.at(-++made);
      b = typeof next === 'number' ? b * next : undefined;
    }
  }
}

/** The steps of adjacent axes as those of one axis. */
function flatten(steps: readonly Steps[], dims: readonly number[]): Int32Array {
  let flat = Int32Array.of(0);
  steps.forEach((own, axis) => {
    const size = dims[axis]!;
    const wider = new Int32Array(flat.length * size);
    flat.forEach((step, i) => {
      for (let k = 0; k < size; k++) wider[i * size + k] = step + (own?.[k] ?? 0);
    });
    flat = wider;
  });
  return flat;
}

/** One axis as several; undefined where the channel is no sum over them. */
function split(flat: Int32Array, dims: readonly number[]): { offset: number; steps: Int32Array[] } | undefined {
  if (flat.length === 0) return undefined;
  const offset = flat[0]!;
  let stride = flat.length;
  const steps = dims.map((size) => {
    stride /= size;
    return Int32Array.from({ length: size }, (_, k) => flat[k * stride]! - offset);
  });
  const again = flatten(steps, dims);
  return flat.every((step, i) => step === again[i]! + offset) ? { offset, steps } : undefined;
}
