import type { Model, Node, Tensor } from '@gossamer/graph';

/** Codes that a value is rounded to in a quantized model. */
export interface ValueCodes {
  readonly scale: number;
  /** As uint8 kernels see it. */
  readonly zeroPoint: number;
  readonly low: number;
  readonly high: number;
}

/** The per-tensor 8-bit codes of the value called `name`: what makes it from codes, or what makes codes of it; undefined where nothing does. */
export function valueCodes(model: Model, name: string): ValueCodes | undefined {
  const value = model.graph.value(name);
  if (!value) return undefined;
  const made = value.producer?.op === 'DequantizeLinear' ? value.producer : undefined;
  const node = made ?? value.uses.find((use) => use.node.op === 'QuantizeLinear')?.node;
  const scale = node?.input(1)?.constant;
  const zero = node?.input(2)?.constant;
  if (scale?.length !== 1 || zero?.length !== 1) return undefined;
  return codesOf(scale.item(), zero);
}

function codesOf(scale: number, zero: Tensor): ValueCodes | undefined {
  const least = zero.dtype === 'uint8' ? 0 : zero.dtype === 'int8' ? -128 : undefined;
  if (least === undefined) return undefined;
  const zeroPoint = zero.item() - least;
  return { scale, zeroPoint, low: -zeroPoint * scale, high: (255 - zeroPoint) * scale };
}

/** The int8 weight codes of a node, and their scales; undefined where its weight is stored otherwise. */
export function weightCodes(node: Node): { codes: Tensor; scales: Float32Array } | undefined {
  const source = node.input(1)?.producer;
  const [codes, scales] = [source?.input(0)?.constant, source?.input(1)?.constant];
  if (source?.op !== 'DequantizeLinear' || codes?.dtype !== 'int8' || !scales) return undefined;
  return { codes, scales: scales.toFloat32() };
}
