import type { Node } from '../ir/node.js';

const RANDOM: ReadonlySet<string> = new Set([
  'Bernoulli',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

/** True for a standard operator that gives the same outputs for the same inputs: none that draws random numbers, Dropout included. */
export function isDeterministic(node: Node): boolean {
  return node.domain === '' && !RANDOM.has(node.op) && node.op !== 'Dropout';
}

/** True when an attribute takes its value from the call of the function that the node lies in: then it differs from call to call. */
export function isParametric(node: Node): boolean {
  return [...node.attributes.values()].some((item) => item.content.type === 'reference');
}
