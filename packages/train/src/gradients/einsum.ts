import { type DType, GossamerError, Tensor, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import type { TrainErrorCode } from '../error-codes.js';
import { type EinsumEquation, parseEinsum } from '../emit/einsum-equation.js';
import { defineGradient } from './gradient-rule.js';

const identity = (g: Emitter, size: number, dtype: DType): Value =>
  g.tensor(
    Tensor.fromNumbers(
      dtype,
      [size, size],
      Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0)),
    ),
  );

/** Operands and their letters. */
class Product {
  readonly terms: string[] = [];
  readonly operands: Value[] = [];

  add(term: string, operand: Value): void {
    this.terms.push(term);
    this.operands.push(operand);
  }
}

/**
 * The gradient by an operand is the Einsum of dy and the other operands, with the operand's letters as its output. A letter that was summed over
 * and is in no other operand repeats its gradient (a factor of ones); one that occurs twice in the operand puts it on the diagonal (an identity).
 */
export const einsumGradient = defineGradient({
  op: 'Einsum',
  gradient({ g, node, inputs, dy, needs }) {
    const operands = inputs as readonly Value[];
    const equation = parseEinsum(
      node.string('equation', ''),
      operands.map((operand) => g.rank(operand)),
    );
    return operands.map((operand, i) => (needs(i) ? byOperand(g, equation, operands, i, dy) : undefined));
  },
});

function byOperand(g: Emitter, equation: EinsumEquation, operands: readonly Value[], index: number, dy: Value): Value {
  const { terms, output } = equation;
  const free = [...equation.free];
  const product = new Product();
  product.add(output, dy);
  operands.forEach((operand, i) => i !== index && product.add(terms[i]!, operand));
  const shape = g.shape(operands[index]!);
  let target = '';
  const ones = new Set<string>();
  [...terms[index]!].forEach((letter, axis) => {
    if (target.includes(letter)) {
      const twin = free.shift();
      if (twin === undefined) {
        throw new GossamerError<TrainErrorCode>(
          'ERR_NO_GRADIENT',
          `Einsum equation: expected a letter left for each that an operand repeats, received ${terms.join()}`,
        );
      }
      product.add(letter + twin, identity(g, shape[axis]!, g.dtype(dy)));
      target += twin;
      return;
    }
    target += letter;
    if (product.terms.every((term) => !term.includes(letter)) && !ones.has(letter)) {
      ones.add(letter);
      product.add(letter, g.expand(g.constant([1], g.dtype(dy)), [shape[axis]!]));
    }
  });
  const gradient = g.op('Einsum', product.operands, { equation: `${product.terms.join()}->${target}` });
  // A letter that was summed over and has size 1 in every other operand: one gradient for all its elements.
  return g.expand(sumBroadcast(g, gradient, shape), shape);
}

/** Sums over axes along which the operand had size 1 and another operand more. */
function sumBroadcast(g: Emitter, gradient: Value, shape: readonly number[]): Value {
  const from = g.shape(gradient);
  return g.sum(
    gradient,
    shape.flatMap((dim, axis) => (dim === 1 && from[axis] !== 1 ? [axis] : [])),
    1,
  );
}
