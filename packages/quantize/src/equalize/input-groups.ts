import {
  inferTypes,
  type Model,
  Tensor,
  type TypeTable,
  type Value,
  type WeightView,
  weightsOf,
} from '@gossamer/graph';
import { channelsAlong } from './channel-layout.js';
import { findScaleFolds, type ScaleFold, type ScaleReader } from './foldable-scales.js';
import { inputChannels, layerMatrix, refuseWeight } from './layer-matrix.js';
import type { EqualizeNote } from './note.js';

/** Layers that take one scale per channel of their input together: query, key and value; gate and up. */
export interface InputGroup {
  readonly channels: number;
  readonly readers: readonly ScaleReader[];
  /** Where the scale is divided out; undefined: only a Mul in front of the readers can do it, all of which read `input`. */
  readonly fold: ScaleFold | undefined;
  readonly input: Value;
}

/**
 * Every layer with a weight of its own on the right, grouped by the input it shares. A group has the fold nearest to it of those that
 * no other group needs; layers whose input cannot be scaled where it is made, because something else reads it too, are grouped by that
 * input. Notes tell which layers are in no group, and why.
 */
export function findInputGroups(model: Model): { groups: InputGroup[]; notes: EqualizeNote[] } {
  const { folds } = findScaleFolds(model);
  const taken = new Set<WeightView['node']>();
  const groups: InputGroup[] = [];
  for (const fold of folds.reverse()) {
    const nodes = fold.readers.map(({ view }) => view.node);
    if (nodes.some((node) => taken.has(node))) continue;
    nodes.forEach((node) => taken.add(node));
    groups.unshift({ channels: fold.channels, readers: fold.readers, fold, input: nodes[0]!.input(0)! });
  }
  const types = inferTypes(model);
  const notes: EqualizeNote[] = [];
  for (const graph of model.graph.scopes()) {
    // A body and the graph around it get a Mul each: neither sees the values of the other in every place.
    const shared = new Map<Value, ScaleReader[]>();
    for (const node of graph.nodes()) {
      const view = weightsOf(node).find(({ role }) => role === 'weight');
      if (!view || taken.has(node)) continue;
      const reader = readerOf(view, types);
      if (typeof reader === 'string') notes.push({ layer: node.id, done: false, text: reader });
      else shared.set(node.input(0)!, [...(shared.get(node.input(0)!) ?? []), reader]);
    }
    for (const [input, readers] of shared) {
      groups.push({ channels: readers[0]!.channelOf.length, readers, fold: undefined, input });
    }
  }
  return { groups, notes };
}

/** A layer as a reader of its own input, channel by channel; the reason where it cannot take a scale. */
function readerOf(view: WeightView, types: TypeTable): ScaleReader | string {
  const { node } = view;
  const rank = types.shapeOf(node.input(0)!)?.length;
  const reason = refuseWeight(view);
  if (reason) return reason;
  if (rank === undefined) return 'the rank of its input is unknown';
  if (types.dtypeOf(node.input(0)!) !== 'float32') return 'its input is not float32';
  const channels = inputChannels(layerMatrix(view));
  const channelOf = Int32Array.from({ length: channels }, (_, c) => c);
  return { view, axis: inputAxis(view, rank), channelOf };
}

/** The axis of input 0 that the weight sums over. */
function inputAxis({ node, op }: WeightView, rank: number): number {
  if (op === 'MatMul' || op === 'FusedMatMul' || op === 'Attention') return rank - 1;
  if (op === 'LSTM' || op === 'GRU' || op === 'RNN') return 2;
  return op.endsWith('Gemm') && node.int('transA', 0) ? 0 : 1;
}

/** Puts a Mul by ones in front of the readers of a group without a fold: a place where its scale can be divided out. */
export function insertScale({ input, readers, channels }: InputGroup, rank: number): ScaleFold {
  const [first] = readers;
  const { graph } = first!.view.node;
  const layout = channelsAlong(rank, first!.axis, channels);
  const dims = Array.from({ length: rank - first!.axis }, (_, i) => (i === 0 ? channels : 1));
  const ones = graph.addInitializer(
    `${input.name}_scale`,
    Tensor.of('float32', dims, new Float32Array(channels).fill(1)),
  );
  const earliest = [...graph.nodes()].find((node) => readers.some(({ view }) => view.node === node))!;
  const node = graph.add({ op: 'Mul', inputs: [input, ones], outputs: [`${input.name}_scaled`] }, { before: earliest });
  for (const { view } of readers) graph.setInput(view.node, 0, node.output);
  return {
    node,
    kind: 'constant',
    view: undefined,
    channels,
    constants: [{ node, slot: 1, layout }],
    readers,
    passed: [],
  };
}

/** Ids of the layers. */
export function layersOf({ readers }: InputGroup): string[] {
  return readers.map(({ view }) => view.layerId);
}

/** True for products of rows, all of one value, that sum over its last axis, each column with a channel of its own. */
export function isProductGroup({ readers, input, channels }: InputGroup): boolean {
  return readers.every(
    ({ view, channelOf }) =>
      (view.op === 'MatMul' || (view.op === 'Gemm' && !view.node.int('transA', 0))) &&
      view.shape.length === 2 &&
      view.node.input(0) === input &&
      channelOf.length === channels &&
      channelOf.every((channel, i) => channel === i),
  );
}
