import { elementCount, type Node, type Value } from '@gossamer/graph';
import type { RuleContext } from './integer-rules.js';
import type { Unit } from './unit.js';

/** Estimated time of a unit on one thread, in nanoseconds. */
export interface UnitCost {
  readonly float: number;
  readonly integer: number;
}

/**
 * Nanoseconds, measured with ONNX Runtime 1.30 on one thread of a Zen 4 core (AVX-512 VNNI), tensors of 50,000 to 200,000 elements.
 * They are hints that rank alternatives: only ratios matter, and those were alike on 64 to 2,304 products an element.
 */
const NS = {
  /** Any kernel call. */
  call: 1000,
  /** One multiply-add of a convolution or matrix product. */
  floatMac: 0.0093,
  integerMac: 0.0026,
  /** One output element of a convolution or product, beside its multiply-adds. */
  floatOutput: 0.1,
  integerOutput: 0.12,
  /** More, for a kernel wider than 1x1 with few channels: the integer kernel gathers them one by one. */
  integerNarrowOutput: 0.5,
  /** One multiply-add of a depthwise convolution. The integer kernel is the slower one, much so below 32 channels. */
  floatDepthwiseMac: 0.022,
  integerDepthwiseMac: 0.031,
  integerNarrowDepthwiseMac: 0.1,
  /** QuantizeLinear and DequantizeLinear, an element. */
  quantize: 0.08,
  dequantize: 0.11,
  /** Change of memory layout where a convolution's region begins or ends, an element. */
  layout: 0.12,
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
  ['MaxPool', [0.5, 0.5]],
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
  return { float: NS.call + float * work + clip, integer: NS.call + integer * work };
}

function convCost({ node, weight }: Unit, output: number): UnitCost {
  const [channels, perGroup, ...kernel] = weight!.shape as [number, number, ...number[]];
  const taps = perGroup * elementCount(kernel);
  if (node.int('group', 1) > 1 && perGroup === 1) {
    const integerMac = channels < 32 ? NS.integerNarrowDepthwiseMac : NS.integerDepthwiseMac;
    return { float: NS.call + output * taps * NS.floatDepthwiseMac, integer: NS.call + output * taps * integerMac };
  }
  const isNarrow = elementCount(kernel) > 1 && channels < 32;
  return {
    float: NS.call + output * (NS.floatOutput + taps * NS.floatMac),
    integer: NS.call + output * ((isNarrow ? NS.integerNarrowOutput : NS.integerOutput) + taps * NS.integerMac),
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
