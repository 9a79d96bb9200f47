import type { Node, Value } from '@gossamer/graph';
import type { Findings } from './node-axes.js';

/** Operators that only hand on what a constant holds. */
const MOVES: ReadonlySet<string> = new Set([
  'Cast',
  'DequantizeLinear',
  'Flatten',
  'Identity',
  'Reshape',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);

/** The axis of the constant that `value` comes from, through operators that only move or cast it; undefined when it is computed. */
export function sourceAxis(
  value: Value,
  axis: number,
  links: Findings['links'],
): { readonly value: Value; readonly axis: number } | undefined {
  let [at, along]: [Value, number] = [value, axis];
  while (!at.constant) {
    const node: Node | undefined = at.producer;
    const input = node && MOVES.has(node.kind) ? node.input(0) : undefined;
    const found = (node && links.get(node))?.filter(({ from, fromAxis, to, toAxis }) => {
      return (to === at && toAxis === along && from === input) || (from === at && fromAxis === along && to === input);
    });
    // More than one: a Reshape that has not said which axis it keeps.
    if (!input || found?.length !== 1) return undefined;
    const [link] = found;
    [at, along] = link!.to === at ? [link!.from, link!.fromAxis] : [link!.to, link!.toAxis];
  }
  return { value: at, axis: along };
}
