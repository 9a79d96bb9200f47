import type { Node } from '@gossamer/graph';
import { type Compilation, GOSSAMER, GOSSAMER_TRAIN } from '../compilation.js';
import type { LayoutRule } from './layout-rule.js';

/** Operands with channels, and whether results have them too; all else keeps its order. */
interface Channels {
  readonly slots: readonly number[];
  readonly movesResults: boolean;
}

/** Operators that the engine has with channels last only, as `<name>Nhwc`. */
const SPATIAL: Readonly<Record<string, Channels>> = {
  ConvGradInput: { slots: [0], movesResults: true },
  ConvGradWeight: { slots: [0, 1], movesResults: false },
};

/** The rule for a node of training that has channels, of those above; weights and their gradients keep the order that weights have. */
export function trainRule(node: Node, rank: number, compilation: Compilation): LayoutRule | undefined {
  if (node.domain !== GOSSAMER_TRAIN) return undefined;
  const channels = Object.hasOwn(SPATIAL, node.op) ? SPATIAL[node.op] : undefined;
  const op = `${node.op}Nhwc`;
  if (!channels || (rank !== 3 && rank !== 4) || !compilation.has(op)) return undefined;
  if (compilation.dtypeOf(node.input(0)) !== 'float32') return undefined;
  return { ...channels, isBound: true, constants: [], apply: () => ({ op, domain: GOSSAMER }) };
}
