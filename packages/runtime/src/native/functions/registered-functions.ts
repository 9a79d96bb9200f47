import { attribute, type AttributeValue, type FunctionDefinition, Graph } from '@gossamer/graph';
import { ENGINE_OPSET } from '../canonical/engine-opset.js';
import { functionDigest } from './function-digest.js';

/** An operator of the engine that computes a whole function. */
export interface RegisteredFunction {
  /** What it means, in standard operators of the engine's operator set. */
  readonly body: () => Graph;
  /** Type of the engine's operator, and its attributes. */
  readonly operator: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** Functions that one operator of the engine computes, by name; a call is one of them when its body has their digest, whatever it is called. */
export const REGISTERED_FUNCTIONS: Readonly<Record<string, RegisteredFunction>> = {
  Silu: {
    body: () => {
      const graph = new Graph('Silu');
      const x = graph.addInput('x');
      const sigmoid = graph.add({ op: 'Sigmoid', inputs: [x], outputs: ['s'] }).output;
      graph.addOutput(graph.add({ op: 'Mul', inputs: [x, sigmoid], outputs: ['y'] }).output);
      return graph;
    },
    operator: 'Activate',
    attributes: { activation: attribute.string('silu') },
  },
};

let byDigest: ReadonlyMap<string, RegisteredFunction> | undefined;

/** The registered function that `definition` is; undefined where its body is another. */
export function registeredFunction(definition: FunctionDefinition): RegisteredFunction | undefined {
  byDigest ??= new Map(
    Object.entries(REGISTERED_FUNCTIONS).map(([name, registered]) => [digestOf(name, registered), registered] as const),
  );
  const digest = functionDigest(definition);
  return digest === undefined ? undefined : byDigest.get(digest);
}

function digestOf(name: string, { body }: RegisteredFunction): string {
  const opsets = new Map([['', ENGINE_OPSET]]);
  return functionDigest({ domain: 'gossamer', name, overload: '', body: body(), opsets, origin: undefined })!;
}
