import { isFloat, type LayerFilter, type Node, type Value, weightsOf, type WeightView } from '@gossamer/graph';
import {
  clipBounds,
  floatReason,
  type IntegerRule,
  integerRule,
  type RuleContext,
  type UnitKind,
} from './integer-rules.js';

/** Begins the reason of nodes that handle shapes and indices. */
export const NOT_A_LAYER = 'computes no activations';

/**
 * What is decided as one: an operator, the bias Add behind a MatMul, and the Relu or Clip that the output's saturation computes.
 */
export interface Unit {
  readonly node: Node;
  readonly kind: UnitKind;
  /** Activation slots of `node`. */
  readonly slots: readonly number[];
  /** Constant weight in slot 1 of Conv, Gemm and MatMul; undefined where both operands are activations. */
  readonly weight: WeightView | undefined;
  /** The Add that adds a constant vector to a MatMul. */
  readonly biasAdd: Node | undefined;
  /** Relu or Clip that the quantized output makes redundant, if its range allows. */
  readonly clip: Node | undefined;
  /** Results, after `biasAdd` and `clip`. */
  readonly outputs: readonly Value[];
  /** True when the integer kernel can hand out floats itself, so that nothing need be dequantized behind it. */
  readonly canGiveFloat: boolean;
}

/** The nodes of the main graph as units, and for the others why they stay in float. */
export interface UnitsFound {
  readonly units: readonly Unit[];
  readonly reasons: ReadonlyMap<Node, string>;
}

export interface FindContext extends RuleContext {
  readonly filter: LayerFilter;
}

/** Splits the nodes of `nodes` into units that integer kernels can run and nodes that stay in float. */
export function findUnits(nodes: Iterable<Node>, context: FindContext): UnitsFound {
  const units: Unit[] = [];
  const reasons = new Map<Node, string>();
  const taken = new Set<Node>();
  for (const node of nodes) {
    if (taken.has(node) || node.op === 'Constant') continue;
    const found = makeUnit(node, context);
    if (typeof found === 'string') {
      reasons.set(node, found);
      continue;
    }
    units.push(found);
    if (found.biasAdd) taken.add(found.biasAdd);
    if (found.clip) taken.add(found.clip);
  }
  return { units, reasons };
}

function makeUnit(node: Node, context: FindContext): Unit | string {
  const excluded = context.filter(node);
  if (excluded) return excluded;
  if (node.subgraphs().length > 0) return `${NOT_A_LAYER}: control flow`;
  const notFloat = refuseIntegers(node, context);
  if (notFloat) return notFloat;
  const rule = integerRule(node, context);
  if (!rule) return floatReason(node);
  const refused = rule.refuse?.(node, context) ?? refuseTypes(node, context) ?? refuseConstant(node, rule);
  if (refused) return refused;
  const weights = weightsOf(node);
  const weight = rule.kind === 'compute' ? weights.find((view) => view.inputIndex === 1) : undefined;
  const badWeight = rule.kind === 'compute' ? refuseWeight(node, weight) : undefined;
  if (badWeight) return badWeight;
  const slots = rule.activations(node).filter((slot) => !(weight && slot === 1));
  // A bias behind a product is added in float; integer-only, its Add is a unit of its own.
  const biasAdd = weight && node.op === 'MatMul' && !context.integerOnly ? biasAddOf(node, weight, context) : undefined;
  const last = biasAdd ?? node;
  const clip = rule.kind === 'move' ? undefined : clipOf(last, context);
  const outputs = (clip ?? last).outputs.filter((value): value is Value => value !== undefined);
  const canGiveFloat =
    rule.kind === 'compute' && !clip && !context.integerOnly && hasFloatKernel(node, biasAdd, context);
  return { node, kind: rule.kind, slots, weight, biasAdd, clip, outputs, canGiveFloat };
}

/**
 * QGemm and MatMulIntegerToFloat give floats. A MatMul with a bias vector does from rank 3 on, where the bias can be written so that
 * ONNX Runtime does not merge both into a float Gemm first.
 */
function hasFloatKernel(node: Node, biasAdd: Node | undefined, { types }: RuleContext): boolean {
  if (node.op === 'Gemm') return true;
  return node.op === 'MatMul' && (!biasAdd || (types.shapeOf(node.input(0)!)?.length ?? 0) >= 3);
}

/** Shapes, indices and flags travel through the same operators as activations. */
function refuseIntegers(node: Node, { types }: RuleContext): string | undefined {
  const dtype = types.dtypeOf(node.output);
  return dtype !== undefined && !isFloat(dtype) ? `${NOT_A_LAYER}: ${dtype}` : undefined;
}

function refuseTypes(node: Node, { types }: RuleContext): string | undefined {
  const dtype = types.dtypeOf(node.output);
  if (dtype === undefined) return 'the element type of its output is not known';
  return dtype === 'float32' ? undefined : `8-bit kernels read and write float32, this computes ${dtype}`;
}

function refuseConstant(node: Node, rule: IntegerRule): string | undefined {
  const slots = rule.activations(node);
  return slots.every((slot) => node.input(slot)?.constant) ? `${NOT_A_LAYER}: all its inputs are constant` : undefined;
}

function refuseWeight(node: Node, weight: WeightView | undefined): string | undefined {
  if (weight?.isQuantized) return 'its weight is quantized already';
  if (node.op === 'MatMul') {
    if (weight && weight.shape.length !== 2) return 'a constant stack of matrices has no per-column kernel';
    if (!weight && [0, 1].some((slot) => node.input(slot)?.constant))
      return 'a constant left operand has no fast kernel';
    return undefined;
  }
  if (!weight) return 'its weight is not constant';
  if (!weight.bias) return undefined;
  const bias = weight.bias.constant;
  if (!bias) return 'its bias is not constant';
  const channels = node.op === 'Conv' ? weight.shape[0]! : weight.shape[weight.outAxis]!;
  const isVector = bias.length === 1 || (bias.length === channels && bias.dims.at(-1) === channels);
  return isVector ? undefined : 'its bias is no vector';
}

/** The one Add that reads a MatMul's result and adds a constant vector as long as the output axis. */
function biasAddOf(node: Node, weight: WeightView, { types }: FindContext): Node | undefined {
  const add = onlyReader(node);
  if (!add?.isStandard('Add')) return undefined;
  const other = add.input(0) === node.output ? add.input(1) : add.input(0);
  const bias = other?.constant;
  const columns = weight.shape[weight.outAxis]!;
  if (!bias || bias.length !== columns || bias.dims.at(-1) !== columns) return undefined;
  // A bias of higher rank than the product gives the sum a shape of its own.
  const rank = types.shapeOf(node.output)?.length ?? 1;
  return bias.dims.length <= Math.max(1, rank) ? add : undefined;
}

/** Relu, or Clip with constant bounds, as the only reader of a node's only result. */
function clipOf(node: Node, context: FindContext): Node | undefined {
  const clip = onlyReader(node);
  if (!clip || context.filter(clip)) return undefined;
  const bounds = clipBounds(clip);
  // Zero must be inside: only then the codes' limits can be the bounds.
  return bounds && bounds.low <= 0 && bounds.high >= 0 ? clip : undefined;
}

function onlyReader(node: Node): Node | undefined {
  const { uses, isOutput } = node.output;
  const [use] = uses;
  if (isOutput || uses.length !== 1 || !use || use.node.graph !== node.graph) return undefined;
  return use.node;
}

/** The decision of a static run, before anything is rewritten. */
export interface StaticChoice {
  readonly units: readonly Unit[];
  /** Nodes that stay in float, with reasons. */
  readonly reasons: ReadonlyMap<Node, string>;
}
