import { attribute, type DType, type Node, Tensor, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { addBefore, replaceNode } from '../edit/node-edits.js';

/** One scale and zero point for a whole tensor of 8-bit codes: real = (code - zeroPoint) * scale. */
export interface PerTensor {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** A value that stands for codes. */
export interface Dequantized extends PerTensor {
  readonly codes: Value;
  readonly node: Node;
}

/** What `value` stands for, where a DequantizeLinear with one constant scale makes it of codes of `dtype`. */
export function dequantizedOf(
  value: Value | undefined,
  compilation: Compilation,
  dtype: DType = 'uint8',
): Dequantized | undefined {
  const node = value?.producer;
  if (!node?.isStandard('DequantizeLinear') || node.graph !== compilation.graph) return undefined;
  const parameters = perTensor(node);
  const codes = node.input(0)!;
  return parameters && compilation.dtypeOf(codes) === dtype ? { ...parameters, codes, node } : undefined;
}

/** The parameters of a QuantizeLinear to `dtype` with one constant scale. */
export function quantizerOf(
  node: Node | undefined,
  compilation: Compilation,
  dtype: DType = 'uint8',
): PerTensor | undefined {
  if (!node?.isStandard('QuantizeLinear') || node.graph !== compilation.graph) return undefined;
  return compilation.dtypeOf(node.output) === dtype ? perTensor(node) : undefined;
}

function perTensor(node: Node): PerTensor | undefined {
  const [scale, zero] = [node.input(1)?.constant, node.input(2)];
  if (scale?.length !== 1 || scale.dtype !== 'float32' || node.int('block_size', 0) !== 0) return undefined;
  if (zero && zero.constant?.length !== 1) return undefined;
  const parameters = { scale: scale.item(), zeroPoint: zero?.constant?.item() ?? 0 };
  return parameters.scale > 0 && Number.isFinite(parameters.scale) ? parameters : undefined;
}

export const sameAffine = (a: PerTensor, b: PerTensor): boolean => a.scale === b.scale && a.zeroPoint === b.zeroPoint;

/** Adds a DequantizeLinear before `before`; `axis` for a scale along it. */
export function addDequantize(
  compilation: Compilation,
  before: Node,
  [codes, scale, zero]: readonly [Value, Value, Value | undefined],
  axis?: number,
): Value {
  const spec = {
    op: 'DequantizeLinear',
    domain: '',
    inputs: [codes, scale, ...(zero ? [zero] : [])],
    ...(axis === undefined ? {} : { attributes: { axis: attribute.int(axis) } }),
  };
  const result = { name: `${codes.name}_real`, dtype: 'float32' as const, shape: compilation.shapeOf(codes) };
  return addBefore(compilation, before, spec, result);
}

/** Puts `real`, quantized, in the place of what `last` makes. */
export function quantizeInPlace(
  compilation: Compilation,
  last: Node,
  [real, scale, zero]: readonly [Value, Value, Value | undefined],
): Node {
  const inputs = [real, scale, ...(zero ? [zero] : [])];
  return replaceNode(compilation, last, { op: 'QuantizeLinear', domain: '', name: `${last.name}_codes`, inputs });
}

/** A scalar constant. */
export const scalar = ({ graph }: Compilation, name: string, dtype: DType, value: number): Value =>
  graph.addInitializer(name, Tensor.scalar(dtype, value));
