import { Model } from '@gossamer/graph';
import { seededRandom } from '../seeded-random.js';
import type { Bounded } from './bounded.js';
import { elementwiseSteps } from './elementwise-steps.js';
import { fusedSteps } from './fused-steps.js';
import { layerSteps } from './layer-steps.js';
import { movementSteps } from './movement-steps.js';
import { Net } from './net.js';
import { localFunction, structureSteps } from './structure-steps.js';

/** A generated model: its inputs with their dims, and what each output may differ by, computed in two orders. */
export interface GeneratedGraph {
  readonly model: Model;
  readonly inputs: Readonly<Record<string, readonly (number | 'n')[]>>;
  /** By output name: twice the bound on the rounding error of float32. */
  readonly tolerance: Readonly<Record<string, number>>;
  readonly steps: number;
}

/** Opsets of generated models: the first and the newest that graphs are rewritten at, and those that changed many operators. */
const OPSETS = [7, 9, 11, 12, 13, 13, 15, 17, 17, 18, 20, 20, 21, 23, 23, 24];
const INPUTS = { image: ['n', 3, 5, 6], sequence: ['n', 4, 6], matrix: ['n', 5] } as const;

/** Inputs of every generated graph lie within [-INPUT_BOUND, INPUT_BOUND]. */
export const INPUT_BOUND = 2;

/** The graph of a seed: 5 to 30 steps over images, sequences and matrices; equal seeds give equal bytes. */
export function generateGraph(seed: number): GeneratedGraph {
  const random = seededRandom(seed);
  const net = new Net(random, random.pick(OPSETS));
  for (const [name, dims] of Object.entries(INPUTS)) {
    net.pool.push({ value: net.g.input(name, 'float32', dims), dims, magnitude: INPUT_BOUND, error: 0 });
  }
  const steps = 5 + random.integer(26);
  const families = [elementwiseSteps, elementwiseSteps, movementSteps, layerSteps, layerSteps, fusedSteps];
  // Bodies hold initializers that are no inputs, which IR version 3 does not know.
  if (net.irVersion > 3) families.push(structureSteps);
  for (let i = 0; i < steps; i++) {
    const made = random.pick(random.pick(families))(net, net.pick());
    if (made) net.keep(made);
  }
  const outputs = chooseOutputs(net);
  const tolerance: Record<string, number> = {};
  outputs.forEach(({ value, dims, error }, i) => {
    net.g.output(value, `y${i}`, 'float32', dims);
    tolerance[`y${i}`] = 2 * error;
  });
  return { model: withFunction(net), inputs: INPUTS, tolerance, steps };
}

/** The last values, and one somewhere in the middle: an output that others read too. Inputs are none. */
function chooseOutputs(net: Net): Bounded[] {
  const made = net.pool.slice(Object.keys(INPUTS).length);
  if (made.length === 0) {
    const x = net.pool[2]!;
    return [net.moved(x, net.op('Relu', [x.value]), x.dims)];
  }
  return [...new Set([...made.slice(-3), net.random.pick(made)])];
}

function withFunction({ g, opset }: Net): Model {
  const plain = g.model();
  const calls = [...plain.graph.nodes()].some(({ domain }) => domain === 'own');
  if (!calls) return plain;
  const opsets = new Map([...plain.opsets, ['own', 1] as const]);
  return new Model({
    irVersion: Math.max(8, plain.irVersion),
    opsets,
    graph: g.graph,
    functions: [localFunction(opset)],
  });
}
