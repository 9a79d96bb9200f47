import type { Node, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';

/**
 * A registered function of the training domain: what it means in standard operators. An engine that has a kernel of the name runs that,
 * every other runs the body. Types are those of its inference rule (graph/inference).
 */
export interface TrainFunction {
  readonly name: string;
  /** Emits the body; one value for each output slot of `node`. */
  body(g: Emitter, node: Node, inputs: readonly (Value | undefined)[]): readonly Value[];
}

export const defineFunction = (definition: TrainFunction): TrainFunction => definition;
