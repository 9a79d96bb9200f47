import { attribute, type Node } from '@gossamer/graph';
import { type Compilation, GOSSAMER, GOSSAMER_TRAIN } from '../compilation.js';
import type { LayoutRule } from './layout-rule.js';

/** Operands with channels (where they are given), and the results that have them too; all else keeps its order. */
interface Channels {
  readonly slots: readonly number[];
  readonly results: readonly number[];
  /** Whether the operands have one or two axes beside batch and channels; else any number. */
  readonly isSpatial: boolean;
}

/** Operators that the engine has with channels last only, as `<name>Nhwc`. */
const CHANNELS: Readonly<Record<string, Channels>> = {
  AveragePoolGrad: { slots: [0], results: [0], isSpatial: true },
  BatchNormGrad: { slots: [0, 1, 5], results: [0], isSpatial: false },
  BatchNormTrain: { slots: [0], results: [0], isSpatial: false },
  ConvGradInput: { slots: [0], results: [0], isSpatial: true },
  ConvGradWeight: { slots: [0, 1], results: [], isSpatial: true },
  MaxPoolGrad: { slots: [0, 1, 2], results: [0], isSpatial: true },
};

/** The rule for a node of training that has channels, of those above; weights and their gradients keep the order that weights have. */
export function trainRule(node: Node, rank: number, compilation: Compilation): LayoutRule | undefined {
  if (node.domain !== GOSSAMER_TRAIN) return undefined;
  if (node.op === 'BiasGrad') return biasGrad(node, rank);
  const channels = channelsOf(node, compilation);
  if (!channels || (channels.isSpatial && !isResolvedImage(node, rank))) return undefined;
  const { slots, results } = channels;
  return {
    isBound: true,
    slots: slots.filter((slot) => node.input(slot)),
    results,
    constants: [],
    movesResults: results.length > 0,
    apply: () => ({ op: `${node.op}Nhwc`, domain: GOSSAMER }),
  };
}

/** Whether the engine has the window of `node`: over one or two axes, with its padding in `pads`. */
const isResolvedImage = (node: Node, rank: number) =>
  (rank === 3 || rank === 4) && node.string('auto_pad', 'NOTSET') === 'NOTSET';

/** The entry of an operator that the engine has, over float32. */
function channelsOf(node: Node, compilation: Compilation): Channels | undefined {
  const isThere = compilation.has(`${node.op}Nhwc`) && compilation.dtypeOf(node.input(0)) === 'float32';
  return isThere && Object.hasOwn(CHANNELS, node.op) ? CHANNELS[node.op] : undefined;
}

/** Sums over all axes but one, whichever that is. */
function biasGrad(node: Node, rank: number): LayoutRule {
  const axis = (node.int('axis', 1) + rank) % rank;
  return {
    isBound: false,
    slots: [0],
    constants: [],
    movesResults: false,
    apply: (axisOf) => ({ attributes: { axis: attribute.int(axisOf(axis)) } }),
  };
}

/** The channels of a matrix are its last axis already. */
export function trainMatrices(compilation: Compilation): void {
  for (const node of compilation.graph.nodes()) {
    if (node.domain !== GOSSAMER_TRAIN || channelsOf(node, compilation)?.isSpatial !== false) continue;
    if (compilation.rankOf(node.input(0)) !== 2) continue;
    compilation.graph.retarget(node, { op: `${node.op}Nhwc`, domain: GOSSAMER });
  }
}
