import { attribute } from '../ir/attribute.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { definePass } from './pass.js';
import type { PassContext } from './pass-context.js';
import { isOnlyReader, takeOver } from './take-over.js';

/** Gelu is an operator of the standard from this opset on. */
const LEAST_OPSET = 20;
/** A constant counts as the number it stands for when it is that number rounded to float32. */
const isFloatOf = (value: number | undefined, real: number): boolean => value === Math.fround(real);

/**
 * Turns 0.5·x·(1 + erf(x / √2)), and 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), as exporters write them before opset 20 in whatever order
 * of the products, into Gelu. Nothing else may read what lies between.
 *
 * Bound, u = 2^-24: erf and tanh err by a few u absolutely, their arguments relatively (|t·f'(t)| <= 0.5 for both), so either form errs by
 * at most 16·u·|x|, and the two differ by 32·u·|x| at most.
 * Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
 */
export const fuseGelu = definePass({
  name: 'fuse-gelu',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const { graph, opset } of context.scopes()) {
      if (opset < LEAST_OPSET) continue;
      for (const node of graph.nodes()) if (node.isStandard('Mul') && fuse(node, context)) changes++;
    }
    return { changes };
  },
});

function fuse(last: Node, { types }: PassContext): boolean {
  const factors = factorsOf(last);
  const gates = factors.filter(({ producer }) => gateOf(producer));
  const halves = factors.filter(({ constant }) => constant?.length === 1 && constant.item() === 0.5);
  const [x, ...more] = factors.filter((factor) => !gates.includes(factor) && !halves.includes(factor));
  if (gates.length !== 1 || halves.length !== 1 || !x || more.length > 0) return false;
  const gate = gates[0]!.producer!;
  if (types.dtypeOf(x) !== 'float32' || gate.output.uses.length !== 1 || gate.output.isOutput) return false;
  const form = gateOf(gate)!;
  const isGelu = form.op === 'Erf' ? isOverRoot(form, x) : isCubic(form, x);
  if (!isGelu) return false;
  const { graph } = last;
  const fused = graph.add(
    {
      op: 'Gelu',
      name: last.name,
      inputs: [x],
      outputs: [undefined],
      attributes: { approximate: attribute.string(form.op === 'Erf' ? 'none' : 'tanh') },
    },
    { before: last },
  );
  takeOver(fused, last);
  return true;
}

/** The factors of a product of up to three, whose inner product only `mul` reads. */
function factorsOf(mul: Node): Value[] {
  const factors = mul.inputs.filter((value): value is Value => value !== undefined);
  const inner = factors.findIndex(({ producer }) => producer?.isStandard('Mul') && isOnlyReader(mul, producer));
  if (inner < 0) return factors;
  const parts = factors[inner]!.producer!.inputs.filter((value): value is Value => value !== undefined);
  return [...factors.slice(0, inner), ...factors.slice(inner + 1), ...parts];
}

/** 1 + erf(...) or 1 + tanh(...): the node of the function. */
function gateOf(add: Node | undefined): Node | undefined {
  if (!add?.isStandard('Add')) return undefined;
  const found = withConstant(add);
  const form = found?.rest.producer;
  if (found?.constant !== 1 || !form || !isOnlyReader(add, form)) return undefined;
  return form.isStandard('Erf') || form.isStandard('Tanh') ? form : undefined;
}

/** erf(x / √2), the quotient also as a product. */
function isOverRoot(erf: Node, x: Value): boolean {
  const node = erf.input(0)?.producer;
  if (!node || !isOnlyReader(erf, node)) return false;
  const found = withConstant(node);
  if (found?.rest !== x) return false;
  if (node.isStandard('Mul')) return isFloatOf(found.constant, Math.SQRT1_2);
  return node.isStandard('Div') && node.input(0) === x && isFloatOf(found.constant, Math.SQRT2);
}

/** tanh(√(2/π)·(x + 0.044715·x³)). */
function isCubic(tanh: Node, x: Value): boolean {
  const product = tanh.input(0)?.producer;
  if (!product?.isStandard('Mul') || !isOnlyReader(tanh, product)) return false;
  const scaled = withConstant(product);
  const sum = scaled?.rest.producer;
  if (!isFloatOf(scaled?.constant, Math.sqrt(2 / Math.PI)) || !sum?.isStandard('Add')) return false;
  if (!isOnlyReader(product, sum)) return false;
  const slot = sum.inputs.indexOf(x);
  const term = slot < 0 ? undefined : sum.input(1 - slot)?.producer;
  if (!term?.isStandard('Mul') || !isOnlyReader(sum, term)) return false;
  const cubed = withConstant(term);
  const power = cubed?.rest.producer;
  if (!isFloatOf(cubed?.constant, 0.044715) || !power?.isStandard('Pow') || !isOnlyReader(term, power)) return false;
  const exponent = power.input(1)?.constant;
  return power.input(0) === x && exponent?.length === 1 && exponent.item() === 3;
}

/** The one-element constant among two operands, and the other operand. */
function withConstant(node: Node): { constant: number; rest: Value } | undefined {
  for (const side of [1, 0]) {
    const [value, rest] = [node.input(side), node.input(1 - side)];
    // A constant of higher rank would broadcast the result to it.
    if (rest && value?.constant?.length === 1 && value.constant.dims.length <= 1) {
      return { constant: value.constant.item(), rest };
    }
  }
  return undefined;
}
