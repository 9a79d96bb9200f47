import { type DType, type Node, type Value } from '@gossamer/graph';
import { type Compilation, GOSSAMER, GOSSAMER_TRAIN } from '../compilation.js';
import type { CompiledBodies } from '../control-flow/compile-bodies.js';
import {
  MICROSOFT_OPERATORS,
  type OperatorEntry,
  OWN_OPERATORS,
  STANDARD_OPERATORS,
  STORED,
  TRAIN_OPERATORS,
} from './operator-table.js';

/** A node that the engine cannot run, and why. */
export interface LackingNode {
  /** Kind of the operator: `Conv`, `com.microsoft::Attention`. */
  readonly operator: string;
  /** Name of the node in the canonical form. */
  readonly node: string;
  readonly reason: string;
}

const TABLES: Readonly<Record<string, Readonly<Record<string, OperatorEntry>>>> = {
  '': STANDARD_OPERATORS,
  'com.microsoft': MICROSOFT_OPERATORS,
  [GOSSAMER]: OWN_OPERATORS,
  [GOSSAMER_TRAIN]: TRAIN_OPERATORS,
};

/** What the table says of the operator of a node. */
export function operatorEntry(node: Node): OperatorEntry | undefined {
  const table = Object.hasOwn(TABLES, node.domain) ? TABLES[node.domain]! : {};
  return Object.hasOwn(table, node.op) ? table[node.op] : undefined;
}

/** Every node of the main graph that the engine cannot run, in order. */
export function lackingNodes(compilation: Compilation, bodies: ReadonlyMap<Node, CompiledBodies>): LackingNode[] {
  const lacking: LackingNode[] = [];
  for (const node of compilation.graph.nodes()) {
    const reason = bodies.has(node) ? bodies.get(node)!.reason : reasonAgainst(node, compilation);
    if (reason !== undefined) lacking.push({ operator: node.kind, node: node.id, reason });
  }
  return lacking;
}

function reasonAgainst(node: Node, compilation: Compilation): string | undefined {
  const entry = operatorEntry(node);
  if (!entry || !compilation.has(node.op)) return 'no such operator in the engine';
  for (const value of [...node.inputs, ...node.outputs]) {
    if (!value) continue;
    const type = compilation.typeOf(value);
    if (!type?.dtype) return `${value.name}: an element type that is not known`;
    if (type.kind !== 'tensor' || !STORED.has(type.dtype)) return `${value.name}: ${spell(type.kind, type.dtype)}`;
  }
  const data = node.op === 'Where' ? node.input(1) : node.input(0);
  const dtype = compilation.dtypeOf(data);
  if (dtype && !entry.types.has(dtype)) return `operands of ${dtype}`;
  if (node.op === 'BatchNormalization' && node.int('training_mode', 0) === 1) return 'training mode';
  if (node.op === 'Mod' && dtype === 'float32' && node.int('fmod', 0) === 0)
    return 'a remainder of floats without fmod';
  return broadcastsScale(node, compilation) ? 'a scale that is broadcast' : undefined;
}

/** Normalizations of the last axes: the slot of their data, and those that have a number for each element of these axes. */
const NORMALIZED: Readonly<Record<string, readonly [data: number, ...vectors: number[]]>> = {
  LayerNormalization: [0, 1, 2],
  LayerNormGrad: [1, 2],
  RMSNormalization: [0, 1],
};

/** Whether such numbers are known to be fewer or other: the standard broadcasts them to the data. */
function broadcastsScale(node: Node, compilation: Compilation): boolean {
  if (!Object.hasOwn(NORMALIZED, node.op)) return false;
  const [data, ...vectors] = NORMALIZED[node.op]!;
  const shape = compilation.shapeOf(node.input(data));
  const normalized = shape?.slice(node.int('axis', -1));
  return normalized !== undefined && vectors.some((slot) => differs(node.input(slot), normalized, compilation));
}

/** Whether the value has another shape, but for axes of size 1 before the others. */
function differs(value: Value | undefined, shape: readonly unknown[], compilation: Compilation): boolean {
  const own = compilation.shapeOf(value);
  if (!own) return false;
  const rank = Math.max(own.length, shape.length);
  const [a, b] = [own, shape].map((dims) => [...new Array<number>(rank - dims.length).fill(1), ...dims]);
  return a!.some((dim, axis) => typeof dim === 'number' && typeof b![axis] === 'number' && dim !== b![axis]);
}

const spell = (kind: string, dtype: DType) => (kind === 'tensor' ? `elements of ${dtype}` : `a ${kind}`);
