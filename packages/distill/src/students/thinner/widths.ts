import { GossamerError } from '@gossamer/graph';
import type { DistillErrorCode } from '../../error-codes.js';

/** A number of channels, units or heads that several axes of a graph share; a node of a union-find. */
export interface Width {
  readonly size: number;
  parent: Width | undefined;
  /** It may not change: an input's, an output's, or one that is not followed. */
  isFixed: boolean;
  /** Outer and inner width it is the product of (heads and their size). */
  factors: readonly [Width, Width] | undefined;
  /** Axes it is the concatenation of. */
  terms: readonly Axis[] | undefined;
}

/** An axis: the product of widths, the outermost first. Widths of 1 are left out. */
export type Axis = readonly Width[];

export const newWidth = (size: number, isFixed = false): Width => ({
  size,
  parent: undefined,
  isFixed,
  factors: undefined,
  terms: undefined,
});

/** An axis of one width. */
export const newAxis = (size: number, isFixed = false): Axis => (size === 1 ? [] : [newWidth(size, isFixed)]);

/** The width that stands for `width` and all that are the same. */
export function rootOf(width: Width): Width {
  let root = width;
  while (root.parent) root = root.parent;
  return root;
}

/** The axis with products written out. */
export const expanded = (axis: Axis): Width[] =>
  axis.flatMap((width) => {
    const root = rootOf(width);
    return root.factors ? expanded(root.factors) : [root];
  });

export const sizeOf = (axis: Axis): number => axis.reduce((product, { size }) => product * size, 1);

/** Keeps all widths of an axis as they are. */
export function fix(axis: Axis): void {
  for (const width of expanded(axis)) {
    width.isFixed = true;
    width.terms?.forEach(fix);
  }
}

/** Says that two axes are the same. */
export function unite(a: Axis, b: Axis): void {
  const [left, right] = [expanded(a), expanded(b)];
  while (left.length > 0 && right.length > 0) {
    const [x, y] = [left.shift()!, right.shift()!];
    if (x.size === y.size) uniteWidths(x, y);
    else if (x.size > y.size) left.unshift(...uniteOuter(x, y));
    else right.unshift(...uniteOuter(y, x));
  }
}

/** Splits `x` so that its outer part is `y`; returns the inner part. */
function uniteOuter(x: Width, y: Width): Width[] {
  const [outer, inner] = split(x, y.size);
  uniteWidths(outer, y);
  return expanded([inner]);
}

function uniteWidths(a: Width, b: Width): void {
  const [x, y] = [rootOf(a), rootOf(b)];
  if (x === y) return;
  if (x.factors || y.factors) {
    unite(expanded([x]), expanded([y]));
    return;
  }
  const isFixed = x.isFixed || y.isFixed;
  const { terms } = y;
  y.parent = x;
  if (x.terms && terms) uniteTerms(x.terms, terms);
  x.terms ??= terms;
  if (isFixed) fix([x]);
}

function uniteTerms(a: readonly Axis[], b: readonly Axis[]): void {
  if (a.map(sizeOf).join() === b.map(sizeOf).join()) a.forEach((axis, i) => unite(axis, b[i]!));
  else [...a, ...b].forEach(fix);
}

/** The width as `size` times the rest. Of the two the outer one may change; the inner one is the size of a head. */
export function split(width: Width, size: number): readonly [Width, Width] {
  const root = rootOf(width);
  if (root.size % size !== 0) {
    throw widthError(`a multiple of ${size}`, String(root.size));
  }
  root.terms?.forEach(fix);
  root.terms = undefined;
  root.factors = [newWidth(size, root.isFixed), newWidth(root.size / size, true)];
  return root.factors;
}

/** Says that `axis` is the concatenation of `terms`. */
export function concatenate(axis: Axis, terms: readonly Axis[]): void {
  const [width, ...rest] = expanded(axis);
  if (!width || rest.length > 0) {
    fix(axis);
    terms.forEach(fix);
    return;
  }
  if (width.isFixed) terms.forEach(fix);
  if (width.terms) uniteTerms(width.terms, terms);
  else width.terms = terms;
}

/** The widths of `axes`, row-major, as axes of `sizes`: what Reshape does. */
export function regroup(axes: readonly Axis[], sizes: readonly number[]): Axis[] {
  const left = axes.flatMap(expanded);
  return sizes.map((size) => {
    const axis: Width[] = [];
    for (let open = size; open > 1;) {
      const next = left.shift();
      if (!next) throw widthError(`as many elements as ${sizes.join(' x ')}`, 'fewer');
      if (open % next.size === 0) {
        axis.push(next);
        open /= next.size;
      } else {
        const [outer, inner] = split(next, open);
        axis.push(outer);
        left.unshift(inner);
        open = 1;
      }
    }
    return axis;
  });
}

const widthError = (expected: string, received: string): GossamerError<DistillErrorCode> =>
  new GossamerError('ERR_DISTILL_STUDENT', `width: expected ${expected}, received ${received}`);
