import { isFloat } from '../../dtype.js';
import type { TypeTable } from '../../inference/type-table.js';
import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import type { Fragment } from '../pattern/fragment.js';
import { scalarConstant } from '../pattern/scalar-constant.js';

/** (x - mean) / sqrt(variance + epsilon), or x / sqrt(mean(x²) + epsilon), over the last axes of x, times scale, plus bias. */
export interface Normalization {
  /** False where no mean is taken away: the root mean square alone. */
  readonly isCentred: boolean;
  readonly x: Value;
  readonly epsilon: number;
  /** The first of the axes, which go on to the last; not negative. */
  readonly axis: number;
  readonly scale: Value | undefined;
  readonly bias: Value | undefined;
}

/** 1 / sqrt(mean(centred²) + epsilon), times a scale. */
interface Inverse {
  readonly centred: Value;
  readonly axes: readonly number[];
  readonly epsilon: number;
  readonly scale: Value | undefined;
}

/** Reads nodes as a normalization; those it reads become part of the fragment. */
export class NormalizationMatcher {
  constructor(
    private readonly fragment: Fragment,
    private readonly types: TypeTable,
    /** Casts between float types are seen through: the original computes in more bits than it stores. */
    private readonly seesThroughCasts: boolean,
  ) {}

  /** x - mean, or x, divided by the root or multiplied with its inverse. */
  quotient(norm: Node): Normalization | undefined {
    for (const side of norm.isStandard('Mul') ? [0, 1] : [0]) {
      const right = norm.input(1 - side);
      const inverse = norm.isStandard('Div') ? this.#root(right) : this.#inverse(right);
      if (inverse && this.#uncast(norm.input(side)) === this.#uncast(inverse.centred)) return this.#describe(inverse);
    }
    return undefined;
  }

  /** x·m + (bias - mean·m) with m = scale / root: how TensorFlow writes it. */
  moments(sum: Node): Normalization | undefined {
    for (const side of [0, 1]) {
      const product = this.fragment.take(sum.input(side), 'Mul');
      const rest = product && this.fragment.take(sum.input(1 - side), 'Sub');
      const taken = rest && this.fragment.take(rest.input(1), 'Mul');
      const bias = rest?.input(0);
      if (!product || !taken || !bias?.constant) continue;
      const shared = product.inputs.find((value) => value && taken.inputs.includes(value));
      const [x, mean] = [product, taken].map((node) => node.inputs.find((value) => value !== shared));
      const inverse = this.#inverse(shared);
      const found = inverse && this.#describe(inverse);
      const sub = inverse?.centred.producer;
      if (found?.isCentred && found.x === x && sub?.input(1) === mean) return { ...found, bias };
    }
    return undefined;
  }

  #describe({ centred, axes, epsilon, scale }: Inverse): Normalization | undefined {
    const value = this.#uncast(centred)!;
    const sub = this.fragment.take(value, 'Sub');
    const x = sub ? this.#uncast(sub.input(0)) : value;
    const rank = x && this.types.shapeOf(x)?.length;
    const axis = rank === undefined ? undefined : trailing(axes, rank);
    if (!x || rank === undefined || axis === undefined) return undefined;
    const found = { x, epsilon, axis, scale, bias: undefined };
    if (!sub) return { ...found, isCentred: false };
    const mean = this.fragment.take(this.#uncast(sub.input(1)), 'ReduceMean');
    const isOfRows = mean && this.#uncast(mean.input(0)) === x && trailing(axesOf(mean) ?? [], rank) === axis;
    return isOfRows ? { ...found, isCentred: true } : undefined;
  }

  /** 1 / root, as a reciprocal, a quotient or a power, times a scale. */
  #inverse(value: Value | undefined): Inverse | undefined {
    const node = this.fragment.take(this.#uncast(value), 'Reciprocal', 'Div', 'Pow', 'Mul');
    const [a, b] = [node?.input(0), node?.input(1)];
    if (!node || !a) return undefined;
    if (node.op === 'Reciprocal') return this.#root(a);
    if (!b) return undefined;
    if (node.op === 'Div') return scalarConstant(a, b, this.types) === 1 ? this.#root(b) : undefined;
    if (node.op === 'Pow') return scalarConstant(b, a, this.types) === -0.5 ? this.#sum(a) : undefined;
    const scale = a.constant ? a : b.constant ? b : undefined;
    const plain = scale && this.#inverse(scale === a ? b : a);
    return plain && !plain.scale ? { ...plain, scale } : undefined;
  }

  /** sqrt(mean(centred²) + epsilon). */
  #root(value: Value | undefined): Inverse | undefined {
    const node = this.fragment.take(this.#uncast(value), 'Sqrt', 'Pow');
    const sum = node?.input(0);
    if (!sum || (node!.op === 'Pow' && scalarConstant(node!.input(1), sum, this.types) !== 0.5)) return undefined;
    return this.#sum(sum);
  }

  #sum(value: Value): Inverse | undefined {
    const add = this.fragment.take(this.#uncast(value), 'Add');
    for (const side of [1, 0]) {
      const variance = add?.input(1 - side);
      const epsilon = variance && scalarConstant(add?.input(side), variance, this.types);
      if (epsilon === undefined || !(epsilon >= 0)) continue;
      const mean = this.fragment.take(this.#uncast(variance), 'ReduceMean');
      const axes = mean && axesOf(mean);
      const centred = mean && this.#square(mean.input(0));
      return axes && centred ? { centred, axes, epsilon, scale: undefined } : undefined;
    }
    return undefined;
  }

  /** What is multiplied with itself, or raised to the power of 2. */
  #square(value: Value | undefined): Value | undefined {
    const node = this.fragment.take(this.#uncast(value), 'Mul', 'Pow');
    const base = node?.input(0);
    if (!node || !base) return undefined;
    const isSquare = node.op === 'Mul' ? node.input(1) === base : scalarConstant(node.input(1), base, this.types) === 2;
    return isSquare ? base : undefined;
  }

  /** The value before a Cast from one float type to another. */
  #uncast(value: Value | undefined): Value | undefined {
    const source = value?.producer?.isStandard('Cast') ? value.producer.input(0) : undefined;
    if (!this.seesThroughCasts || !source) return value;
    const dtypes = [source, value!].map((item) => this.types.dtypeOf(item));
    if (!dtypes.every((dtype) => dtype && isFloat(dtype))) return value;
    return this.fragment.take(value, 'Cast') ? source : value;
  }
}

/** The axes of a ReduceMean that keeps them as ones of size 1. */
function axesOf(node: Node): readonly number[] | undefined {
  if (node.int('keepdims', 1) !== 1) return undefined;
  return node.ints('axes', undefined) ?? node.input(1)?.constant?.toIntegers();
}

/** The first of `axes` where they are the last ones of `rank`, all of them. */
function trailing(axes: readonly number[], rank: number): number | undefined {
  const sorted = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  const isLast = sorted.length > 0 && sorted.every((axis, index) => axis === rank - sorted.length + index);
  return isLast ? sorted[0] : undefined;
}
