import { elementCount, type Node, type Value } from '@gossamer/graph';
import type { RuleContext } from './integer-rules.js';
import type { Unit } from './unit.js';

/** Estimated time of a unit on one thread, in nanoseconds. */
export interface UnitCost {
  readonly float: number;
  readonly integer: number;
}

/**
 * Nanoseconds, measured with ONNX Runtime 1.30 on one thread of a Zen 4 core (AVX-512 VNNI), tensors of 10,000 to 200,000 elements.
 * They are hints that rank alternatives: only ratios matter.
 */
const NS = {
  /** Any kernel call. */
  call: 1000,
  /** One multiply-add of a convolution or product: in float with channels in eights (blocked layout), with others, in integers. */
  floatMac: 0.0093,
  floatRaggedMac: 0.02,
  integerMac: 0.0026,
  /** One output element of a convolution or product, beside its multiply-adds; in float with up to 4 input channels. */
  floatOutput: 0.1,
  floatShallowOutput: 0.3,
  integerOutput: 0.12,
  /** One kernel tap of one output pixel: integer convolutions wider than 1x1 gather their input first. */
  integerTap: 1.5,
  /** One multiply-add of a depthwise convolution. The integer kernel is the slower one, much so below 32 channels. */
  floatDepthwiseMac: 0.022,
  integerDepthwiseMac: 0.031,
  integerNarrowDepthwiseMac: 0.1,
  /** One output of an 8-bit MaxPool whose input comes from float: outside a convolution's region it runs in the slow layout. */
  strandedMaxPool: 10,
  /** QuantizeLinear and DequantizeLinear, an element. */
  quantize: 0.08,
  dequantize: 0.11,
  /** Change of memory layout where a convolution's region begins or ends, an element. */
  layout: 0.12,
  /** What rounding an elementwise result has to save at least, an element. */
  rounding: 0.1,
} as const;

/** [float, integer] nanoseconds an output element. */
const ELEMENTWISE: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['Add', [0.1, 0.12]],
  ['Mul', [0.21, 0.21]],
  ['Where', [0.2, 0.2]],
  ['Concat', [0.1, 0.06]],
  ['GlobalAveragePool', [0.05, 0.08]],
  ['LeakyRelu', [0.31, 0.33]],
  ['Sigmoid', [0.28, 0.28]],
  ['MaxPool', [0.2, 0.25]],
  ['Resize', [1, 1]],
]);

/** Moving codes costs a quarter of moving floats. */
const MOVE = [0.1, 0.03] as const;

/** Elements assumed where a shape is not known. */
const UNKNOWN_ELEMENTS = 10_000;

export function elementsOf(value: Value, { types }: RuleContext): number {
  const shape = types.staticShapeOf(value) ?? value.constant?.dims;
  return shape ? elementCount(shape) : UNKNOWN_ELEMENTS;
}

/** What `unit` costs in float and in integers, without the crossings at its ends. */
export function unitCost(unit: Unit, context: RuleContext): UnitCost {
  const { node } = unit;
  const output = elementsOf(node.output, context);
  const clip = unit.clip ? NS.call + 0.08 * output : 0;
  if (unit.kind === 'compute') {
    const cost = node.op === 'Conv' ? convCost(unit, output) : productCost(unit, output, context);
    return { float: cost.float + clip, integer: cost.integer };
  }
  const work = Math.max(output, ...unit.slots.map((slot) => inputElements(node, slot, context)));
  const [float, integer] = ELEMENTWISE.get(node.op) ?? MOVE;
  const price = unit.kind === 'arithmetic' ? NS.rounding * output : 0;
  return { float: NS.call + float * work + clip, integer: NS.call + integer * work + price };
}

function convCost({ node, weight }: Unit, output: number): UnitCost {
  const [channels, perGroup, ...kernel] = weight!.shape as [number, number, ...number[]];
  const taps = elementCount(kernel);
  const macs = perGroup * taps;
  if (node.int('group', 1) > 1 && perGroup === 1) {
    const integerMac = channels < 32 ? NS.integerNarrowDepthwiseMac : NS.integerDepthwiseMac;
    return { float: NS.call + output * macs * NS.floatDepthwiseMac, integer: NS.call + output * macs * integerMac };
  }
  const floatMac = channels % 8 === 0 ? NS.floatMac : NS.floatRaggedMac;
  const floatOutput = perGroup <= 4 ? NS.floatShallowOutput : NS.floatOutput;
  const gather = taps > 1 ? (output / channels) * taps * NS.integerTap : 0;
  return {
    float: NS.call + output * (floatOutput + macs * floatMac),
    integer: NS.call + output * (NS.integerOutput + macs * NS.integerMac) + gather,
  };
}

function productCost({ node }: Unit, output: number, context: RuleContext): UnitCost {
  const shape = context.types.staticShapeOf(node.input(0)!) ?? [64];
  const inner = node.op === 'Gemm' && node.int('transA', 0) ? shape[0]! : shape[shape.length - 1]!;
  return {
    float: NS.call + output * (NS.floatOutput + inner * NS.floatMac),
    integer: NS.call + output * (NS.integerOutput + inner * NS.integerMac),
  };
}

function inputElements(node: Node, slot: number, context: RuleContext): number {
  const value = node.input(slot);
  return value ? elementsOf(value, context) : 0;
}

/** Quantizing `value` on its way from float to integer computation. */
export function quantizeCost(value: Value, context: RuleContext): number {
  return NS.call + elementsOf(value, context) * (NS.quantize + layoutCost(value, context));
}

/** Dequantizing `value` on its way from integer to float computation. */
export function dequantizeCost(value: Value, context: RuleContext): number {
  return NS.call + elementsOf(value, context) * (NS.dequantize + layoutCost(value, context));
}

function layoutCost(value: Value, { types }: RuleContext): number {
  return types.shapeOf(value)?.length === 4 ? NS.layout : 0;
}

/**
 * What a MaxPool costs more when what reads it is quantized but what feeds it is not: ONNX Runtime moves the quantization in front of
 * it, where its 8-bit kernel runs in the slow layout.
 */
export function strandedMaxPoolCost({ node }: Unit, context: RuleContext): number {
  return elementsOf(node.output, context) * NS.strandedMaxPool;
}
