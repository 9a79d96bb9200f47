import { GossamerError, type Model, type Node, weightsOf } from '@gossamer/graph';
import type { QuantizeErrorCode } from '../errors.js';
import { unitNodes } from '../static/choose-regions.js';
import { NOT_A_LAYER, type StaticChoice, type Unit } from '../static/unit.js';
import { type Direction, reached } from './reached.js';

/** Nodes named in an error. */
const NAMED = 8;

/** Operators that are layers even where no weight is constant. */
const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'LSTM', 'GRU', 'RNN']);

/**
 * The units without those behind a float tail or before a float head: codes made there would be made of floats that were codes before.
 * What is left out goes into `reasons`.
 */
export function withoutFloatEnds(model: Model, units: readonly Unit[], reasons: Map<Node, string>): Unit[] {
  const products = new Set(units.filter(({ kind }) => kind === 'compute').flatMap(unitNodes));
  const floats = floatNodes(reasons);
  const left = new Set<Unit>();
  for (const direction of ['forward', 'backward'] as Direction[]) {
    const opposite = direction === 'forward' ? 'backward' : 'forward';
    // Of a tail no layer comes behind, of a head none before.
    const inside = reached(model, products, opposite, (node) => !isAside(node, reasons));
    const ends = new Set([...floats].filter((node) => !inside.has(node)));
    const beyond = reached(model, ends, direction, (node) => !isAside(node, reasons));
    for (const unit of units) if (!inside.has(unit.node) && beyond.has(unit.node)) left.add(unit);
  }
  for (const { node } of left) reasons.set(node, 'what it reads or makes is float, at an end of the model');
  return units.filter((unit) => !left.has(unit));
}

/**
 * Throws ERR_QUANTIZE_OPTION where a node would compute in float between integer ones, or a layer would anywhere; names each with its
 * reason. Returns what to say of a float head or tail.
 */
export function requireIntegers(model: Model, { units, reasons }: StaticChoice): string[] {
  const integers = new Set(units.flatMap(unitNodes));
  const behind = reached(model, integers, 'forward', (node) => !isAside(node, reasons));
  const before = reached(model, integers, 'backward', (node) => !isAside(node, reasons));
  const bad: string[] = [];
  const ends = { head: [] as string[], tail: [] as string[] };
  for (const node of floatNodes(reasons)) {
    const isLayer = PRODUCTS.has(node.op) || weightsOf(node).length > 0;
    if (isLayer || (behind.has(node) && before.has(node))) bad.push(`${node.id} (${node.kind}: ${reasons.get(node)})`);
    else ends[before.has(node) ? 'head' : 'tail'].push(`${node.id} (${node.kind})`);
  }
  if (bad.length > 0) refuse(bad);
  if (!units.some(({ kind }) => kind === 'compute')) refuse(['every node: no layer has an integer form']);
  const places = { head: 'before the first QuantizeLinear', tail: 'behind the last DequantizeLinear' };
  return Object.entries(ends)
    .filter(([, names]) => names.length > 0)
    .map(([end, names]) => `float ${places[end as keyof typeof places]}: ${names.join(', ')}`);
}

function refuse(bad: readonly string[]): never {
  const more = bad.length > NAMED ? `, and ${bad.length - NAMED} others` : '';
  throw new GossamerError<QuantizeErrorCode>(
    'ERR_QUANTIZE_OPTION',
    `integerOnly: expected integer operators from the first layer to the last, received float ${bad.slice(0, NAMED).join(', ')}${more}`,
  );
}

const CONTROL_FLOW = `${NOT_A_LAYER}: control flow`;

/** Handles shapes, indices and constants. */
function isAside(node: Node, reasons: ReadonlyMap<Node, string>): boolean {
  const reason = reasons.get(node);
  return reason !== undefined && reason.startsWith(NOT_A_LAYER) && reason !== CONTROL_FLOW;
}

const floatNodes = (reasons: ReadonlyMap<Node, string>): Set<Node> =>
  new Set([...reasons.keys()].filter((node) => !isAside(node, reasons)));
