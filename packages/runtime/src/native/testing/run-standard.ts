import { attribute, type AttributeValue, type DType, dtypeCode, Graph, Tensor } from '@gossamer/graph';
import { evaluateNode } from '@gossamer/graph/eval';
import type { ProgramAttribute } from '../program-builder.js';

/** Attributes of the standard that are floats; all other numbers are ints. */
const FLOATS: ReadonlySet<string> = new Set([
  'alpha',
  'beta',
  'clip',
  'cubic_coeff_a',
  'epsilon',
  'extrapolation_value',
  'gamma',
]);

type Attributes = Readonly<Record<string, ProgramAttribute>>;

/** Runs one operator of the standard (or of com.microsoft) in the reference evaluator, its attributes as a program has them. */
export function runStandard(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Attributes = {},
  outputDtypes: readonly DType[] = ['float32'],
): Tensor[] {
  const graph = new Graph('one');
  const values = inputs.map((tensor) => tensor && graph.addInitializer('input', tensor));
  const domain = op === 'MatMulNBits' || op === 'GatherBlockQuantized' ? 'com.microsoft' : '';
  const node = graph.add({
    op,
    domain,
    inputs: values,
    outputs: outputDtypes.map((_, i) => `y${i}`),
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, typed(op, name, value, outputDtypes[0]!)]),
    ),
  });
  if (op === 'Cast') graph.setAttribute(node, 'to', attribute.int(dtypeCode(outputDtypes[0]!)));
  return evaluateNode(node, inputs).map((tensor) => tensor!);
}

function typed(op: string, name: string, value: ProgramAttribute, dtype: DType): AttributeValue {
  if (typeof value === 'string') return attribute.string(value);
  if (op === 'ConstantOfShape') return attribute.tensor(Tensor.fromNumbers(dtype, [1], [value as number]));
  if (typeof value === 'number') return FLOATS.has(name) ? attribute.float(value) : attribute.int(value);
  return FLOATS.has(name) ? attribute.floats(value) : attribute.ints(value);
}
