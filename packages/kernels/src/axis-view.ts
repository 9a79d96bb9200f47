import { GossamerError } from '@gossamer/graph';

/** A row-major tensor seen as [outer, axis, inner]: what comes before an axis, the axis, what comes after. */
export interface AxisView {
  readonly outer: number;
  readonly axis: number;
  readonly inner: number;
}

/**
 * The view of a tensor of `shape` around `axis`, which may be negative (from the end).
 *
 * Throws ERR_BAD_SHAPE unless the dimensions are integers >= 0 and the axis is one of them.
 */
export function axisView(shape: readonly number[], axis: number): AxisView {
  const at = axis < 0 ? axis + shape.length : axis;
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw new GossamerError('ERR_BAD_SHAPE', `shape: expected integers >= 0, received [${shape.join(', ')}]`);
  }
  if (!(Number.isInteger(at) && at >= 0 && at < shape.length)) {
    const range = `[${-shape.length}, ${shape.length - 1}]`;
    throw new GossamerError('ERR_BAD_SHAPE', `axis: expected an integer in ${range}, received ${axis}`);
  }
  const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
  return { outer: product(shape.slice(0, at)), axis: shape[at]!, inner: product(shape.slice(at + 1)) };
}

/** Throws ERR_BAD_SHAPE unless the view holds integers >= 0, and ERR_WRONG_LENGTH unless it has `length` elements. */
export function requireView(view: AxisView, name: string, length: number): void {
  const { outer, axis, inner } = view;
  if (![outer, axis, inner].every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw new GossamerError('ERR_BAD_SHAPE', `view: expected integers >= 0, received [${outer}, ${axis}, ${inner}]`);
  }
  if (outer * axis * inner === length) return;
  const expected = `${outer} * ${axis} * ${inner} elements`;
  throw new GossamerError('ERR_WRONG_LENGTH', `${name}: expected ${expected}, received ${length}`);
}
