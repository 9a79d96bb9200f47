import type { Value } from '@gossamer/graph';
import { parseEinsum } from '../emit/einsum-equation.js';
import type { Emitter } from '../emit/emitter.js';
import { defineLowering } from './lowering.js';

/** A tensor whose axes have letters. */
interface Lettered {
  readonly value: Value;
  readonly letters: string;
}

const sizeOf = (g: Emitter, { value, letters }: Lettered, letter: string): number =>
  g.shape(value)[letters.indexOf(letter)]!;

/** Summed over the letters that `kept` does not have. */
function summed(g: Emitter, { value, letters }: Lettered, kept: string): Lettered {
  const axes = [...letters].flatMap((letter, axis) => (kept.includes(letter) ? [] : [axis]));
  return { value: g.sum(value, axes), letters: [...letters].filter((letter) => kept.includes(letter)).join('') };
}

/** With its axes in another order. */
const ordered = (g: Emitter, { value, letters }: Lettered, order: string): Value =>
  g.transpose(
    value,
    [...order].map((letter) => letters.indexOf(letter)),
  );

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** Two operands as one product of matrices for each index of the letters that both and the output have; without a letter to sum over, as outer products. */
function contract(g: Emitter, a: Lettered, b: Lettered, output: string): Lettered {
  const has = (letters: string, letter: string) => letters.includes(letter);
  const batch = [...output].filter((letter) => has(a.letters, letter) && has(b.letters, letter)).join('');
  const inner = [...a.letters].filter((letter) => has(b.letters, letter) && !has(output, letter)).join('');
  const rows = [...output].filter((letter) => !has(b.letters, letter)).join('');
  const columns = [...output].filter((letter) => !has(a.letters, letter)).join('');
  const sizes = (from: Lettered, letters: string) => [...letters].map((letter) => sizeOf(g, from, letter));
  const [count, depth] = [product(sizes(a, batch)), product(sizes(a, inner))];
  const lead = batch === '' ? [] : [count];
  const left = g.reshape(ordered(g, a, batch + rows + inner), [...lead, product(sizes(a, rows)), depth]);
  const right = g.reshape(ordered(g, b, batch + inner + columns), [...lead, depth, product(sizes(b, columns))]);
  const joined = inner === '' ? g.mul(left, right) : g.matmul(left, right);
  const shape = [...sizes(a, batch), ...sizes(a, rows), ...sizes(b, columns)];
  return { value: g.reshape(joined, shape), letters: batch + rows + columns };
}

/**
 * One operand as a sum and a transpose, two as products of matrices. Equations of more operands, and those that repeat a letter in an operand or
 * broadcast one, stay as they are: they have a gradient of their own.
 */
export const einsumLowering = defineLowering({
  op: 'Einsum',
  lower(g, node, inputs) {
    const operands = inputs as readonly Value[];
    const { terms, output } = parseEinsum(
      node.string('equation', ''),
      operands.map((operand) => g.rank(operand)),
    );
    const lettered = operands.map((value, i): Lettered => ({ value, letters: terms[i]! }));
    const isRepeated = terms.some((term) => new Set(term).size !== term.length);
    const isBroadcast = [...new Set(terms.join(''))].some(
      (letter) =>
        new Set(lettered.filter(({ letters }) => letters.includes(letter)).map((x) => sizeOf(g, x, letter))).size > 1,
    );
    if (operands.length > 2 || isRepeated || isBroadcast) return undefined;
    const [a, b] = lettered.map((x, i) => summed(g, x, output + (terms[1 - i] ?? '')));
    return [ordered(g, b ? contract(g, a!, b, output) : a!, output)];
  },
});
