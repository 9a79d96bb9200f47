import type { Tensor } from '@gossamer/graph';
import { type Node, type Value } from '@gossamer/graph';

/** Codes of a layer's weight, with a scale and a zero point for all outputs or one each. */
export interface IntegerWeight {
  readonly codes: Value;
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
}

const BYTES: ReadonlySet<string | undefined> = new Set(['int8', 'uint8']);

/** The weight that a DequantizeLinear of constants makes, where its parameters are one for all or along `axis`. */
export function integerWeight(value: Value | undefined, axis: number): IntegerWeight | undefined {
  const node = value?.producer;
  if (!node?.isStandard('DequantizeLinear') || node.int('block_size', 0) !== 0) return undefined;
  const [codes, scale, zero] = [node.input(0)!, node.input(1)?.constant, node.input(2)];
  if (!BYTES.has(codes.constant?.dtype) || scale?.dtype !== 'float32' || (zero && !zero.constant)) return undefined;
  const { dims } = codes.constant!;
  const count = dims[axis] ?? 0;
  if (scale.length !== 1 && !(scale.length === count && wrap(node.int('axis', 1), dims.length) === axis))
    return undefined;
  return { codes, scales: Array.from(scale.toFloat32()), zeroPoints: zeroPointsOf(zero?.constant) };
}

/** Zero points as the engine takes them: none where all are 0. */
export function zeroPointsOf(zero: Tensor | undefined): readonly number[] {
  const zeros = zero?.toIntegers() ?? [];
  if (zeros.every((value) => value === 0)) return [];
  return zeros.every((value) => value === zeros[0]) ? [zeros[0]!] : zeros;
}

const wrap = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

/** One number an output, of a constant that broadcasts along `axis` of a result of rank `rank`; undefined for any other. */
export function perOutput(tensor: Tensor | undefined, axis: number, rank: number, outputs: number): Tensor | undefined {
  if (!tensor || tensor.dims.length > rank) return undefined;
  const shift = rank - tensor.dims.length;
  if (tensor.dims.some((dim, i) => dim !== 1 && i + shift !== axis)) return undefined;
  return tensor.length === outputs || tensor.length === 1 ? tensor.reshaped([tensor.length]) : undefined;
}

/** The value of slot `slot` that is not `of`, in a node of two operands. */
export const otherOperand = (node: Node, of: Value): Value => (node.input(0) === of ? node.input(1)! : node.input(0)!);

/** True for a sum of two. */
export const isSum = (node: Node | undefined): boolean =>
  node !== undefined && (node.isStandard('Add') || (node.isStandard('Sum') && node.inputs.length === 2));
