import type { Dim } from '../../ir/dim.js';
import { broadcastDims, broadcastShapes, type Shape } from '../dims.js';
import { defineRule, type InferenceContext } from '../rule.js';

interface Equation {
  readonly inputs: readonly string[];
  readonly output: string;
}

/** Splits `ij,jk->ik`; without an arrow the output has every label that occurs once, in alphabetical order. */
function parseEquation(context: InferenceContext, text: string): Equation {
  const [left = '', right] = text.replaceAll(' ', '').split('->');
  const inputs = left.split(',');
  if (!/^([A-Za-z]|\.\.\.|,)*$/.test(left)) throw context.error('equation', 'labels a-z, A-Z and ...', text);
  if (right !== undefined) return { inputs, output: right };
  const labels = inputs.join('').replaceAll('...', '');
  const once = [...new Set(labels)].filter((label) => labels.split(label).length === 2).sort();
  return { inputs, output: (left.includes('...') ? '...' : '') + once.join('') };
}

/** The sizes that the labels of one operand have, and those its ellipsis covers. */
function matchOperand(context: InferenceContext, term: string, shape: Shape, sizes: Map<string, Dim>): Shape {
  const [before = '', after] = term.split('...');
  const labels = [...before, ...(after ?? '')];
  const covered = shape.length - labels.length;
  if (covered < 0 || (after === undefined && covered > 0)) {
    throw context.error(`operand ${term}`, `rank ${labels.length}`, [...shape]);
  }
  labels.forEach((label, index) => {
    const dim = shape[index < before.length ? index : index + covered];
    const earlier = sizes.get(label);
    const size = sizes.has(label) ? broadcastDims(earlier, dim) : dim;
    if (size === false) throw context.error(`label ${label}`, String(earlier), dim);
    sizes.set(label, size);
  });
  return shape.slice(before.length, before.length + covered);
}

export const einsumRule = defineRule({
  op: 'Einsum',
  infer(node, context) {
    const dtype = context.dtypeOf(0);
    const { inputs, output } = parseEquation(context, node.string('equation', ''));
    if (inputs.length !== node.inputs.length)
      throw context.error('equation', `${node.inputs.length} operands`, inputs.length);
    const sizes = new Map<string, Dim>();
    const covered: Shape[] = [];
    for (const [input, term] of inputs.entries()) {
      const shape = context.shapeOf(input);
      if (!shape)
        return context.setTensor(0, dtype, output.includes('...') ? undefined : [...output].map(() => undefined));
      covered.push(matchOperand(context, term, shape, sizes));
    }
    const ellipsis = broadcastShapes(covered);
    if (!ellipsis) throw context.error('operands', 'ellipses that broadcast', inputs.join(','));
    const [before = '', after] = output.split('...');
    const pick = (labels: string) =>
      [...labels].map((label) => {
        if (!sizes.has(label)) throw context.error('equation', `label ${label} in an operand`, output);
        return sizes.get(label);
      });
    return context.setTensor(0, dtype, [
      ...pick(before),
      ...(after === undefined ? [] : [...ellipsis, ...pick(after)]),
    ]);
  },
});
