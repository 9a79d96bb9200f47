import type { Node, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';

const PREFIX = 'random/';

/**
 * An input of uniform random numbers in [0, 1) that belongs to node or purpose `name`. The loop fills it anew at each step from a counter
 * generator (seed, step, name), so that a step that is repeated is the same.
 */
export const randomInput = (g: Emitter, name: string, shape: readonly number[]): Value =>
  g.input(`${PREFIX}${name}`, 'float32', shape);

/** The name of a node's random numbers: its own, or where it has none, or shares it, that of its result. */
export function randomNameOf(g: Emitter, node: Node): string {
  const isFree = node.name !== '' && !g.graph.value(`${PREFIX}${node.name}`);
  return isFree ? node.name : `value/${node.outputs.find((value) => value)!.name}`;
}

export const isRandomInput = (value: Value): boolean => value.name.startsWith(PREFIX);
