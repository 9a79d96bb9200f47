import { attribute, type Node, type Tensor } from '@gossamer/graph';
import { type Compilation, GOSSAMER } from '../compilation.js';
import { permutedTensor } from '../edit/permuted-tensor.js';
import { channelRegion, type ChannelRegion, hasConstantParameters } from './channel-region.js';

/** Below this share of zeros no layer is packed as sparse (native/kernels/sparse_i8/choose.cc). */
const LEAST_ZEROS = 0.4;
/** Parts of a weight that are looked at first, and their bytes: most layers are dense, and are not read for this. */
const SAMPLE = { parts: 8, bytes: 4096 };
/** Less than this share of a layer's rounds is no gain. */
const LEAST_GAIN = 0.005;
/** Costs of random patterns differ by as much between two orders. */
const MOST_LOSS = 0.01;
/** Outputs that the sparse kernel computes together (native/kernels/sparse_i8). */
const GROUP = 16;

/**
 * Orders the outputs of sparse integer layers by their number of non-zeros, over the whole layer, where integer layers alone sum over them: these
 * read their channels in that order, and nothing has to bring it back. Sums of integers and functions of single elements do not depend on it, so
 * every result stays the same, bit by bit. A layer pays for the densest of 16 outputs that it computes together; an order
 * of channels that would break the pattern of a consumer, and so raise its cost, is not taken.
 */
export function absorbPermutation(compilation: Compilation): void {
  const { predictInt8 } = compilation.capabilities;
  if (!predictInt8) return;
  const cost: LayerCost = (node, order) => predictInt8(signed(weightOf(node)), layoutOf(node), order);
  for (const node of compilation.graph.nodes()) {
    if (!isProducer(node)) continue;
    const region = channelRegion(node.output, compilation);
    const kept = region && keptOf(node);
    const order = kept && orderByDensity(kept);
    if (order && pays(region, kept, order, cost)) apply(node, region, order, compilation);
  }
}

/** What one row of a layer costs, with its channels in an order. */
type LayerCost = (node: Node, order?: Int32Array) => number;

function isProducer(node: Node): boolean {
  if (node.domain !== GOSSAMER || (node.op !== 'Int8Conv' && node.op !== 'Int8Linear')) return false;
  if (node.input(1)?.constant?.dtype !== 'int8' || node.input(3) || !hasConstantParameters(node)) return false;
  return node.int('group', 1) === 1;
}

const outputAxis = (node: Node) => (node.op === 'Int8Linear' && node.int('trans_b', 0) === 0 ? 1 : 0);
const channelAxis = (node: Node) => 1 - outputAxis(node);
const weightOf = (node: Node) => node.input(1)!.constant!;

function layoutOf(node: Node) {
  const { dims } = weightOf(node);
  const [outputs, channels] = [dims[outputAxis(node)]!, dims[channelAxis(node)]!];
  return { outputs, channels, taps: dims.slice(2).reduce((a, b) => a * b, 1), outputsLast: outputAxis(node) === 1 };
}

function signed(tensor: Tensor): Int8Array {
  const bytes = tensor.bytes();
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether a sample has less than half the zeros that a sparse layer has at least. */
function looksDense(tensor: Tensor): boolean {
  const { parts, bytes } = SAMPLE;
  let [zeros, seen] = [0, 0];
  for (let part = 0; part < parts; part++) {
    const start = Math.floor((Math.max(0, tensor.byteLength - bytes) * part) / (parts - 1));
    const codes = tensor.bytes(start, Math.min(tensor.byteLength, start + bytes));
    seen += codes.length;
    for (const code of codes) zeros += code === 0 ? 1 : 0;
  }
  return zeros < (LEAST_ZEROS / 2) * seen;
}

/** Non-zeros of each output; undefined where the layer is dense. */
function keptOf(node: Node): Uint32Array | undefined {
  if (looksDense(weightOf(node))) return undefined;
  const { outputs, outputsLast } = layoutOf(node);
  const codes = signed(weightOf(node));
  const kept = new Uint32Array(outputs);
  if (outputsLast) {
    for (let row = 0; row < codes.length; row += outputs) {
      for (let n = 0; n < outputs; n++) kept[n]! += codes[row + n] === 0 ? 0 : 1;
    }
  } else {
    const depth = codes.length / outputs;
    for (let n = 0; n < outputs; n++) {
      for (let i = n * depth; i < (n + 1) * depth; i++) kept[n]! += codes[i] === 0 ? 0 : 1;
    }
  }
  return kept.reduce((a, b) => a + b, 0) > (1 - LEAST_ZEROS) * codes.length ? undefined : kept;
}

/** From few non-zeros to many; undefined where that is the order they have. */
function orderByDensity(kept: Uint32Array): Int32Array | undefined {
  const order = Int32Array.from(kept.keys()).sort((a, b) => kept[a]! - kept[b]! || a - b);
  return order.some((from, to) => from !== to) ? order : undefined;
}

/** What the densest outputs of all groups have together. */
function densest(kept: ArrayLike<number>): number {
  let sum = 0;
  for (let group = 0; group < kept.length; group += GROUP) {
    let most = 0;
    for (let n = group; n < Math.min(kept.length, group + GROUP); n++) most = Math.max(most, kept[n]!);
    sum += most;
  }
  return sum;
}

/** True where groups of outputs become more even, and no consumer dearer: a pattern of its own (N:64, at most N of 64) would be broken. */
function pays({ consumers }: ChannelRegion, kept: Uint32Array, order: Int32Array, cost: LayerCost): boolean {
  if (!(densest(order.map((from) => kept[from]!)) < (1 - LEAST_GAIN) * densest(kept))) return false;
  return consumers.every((consumer) => {
    if (weightOf(consumer).dtype !== 'int8') return true;
    return cost(consumer, order) <= (1 + MOST_LOSS) * cost(consumer);
  });
}

function apply(node: Node, region: ChannelRegion, order: Int32Array, compilation: Compilation): void {
  const { graph } = compilation;
  const move = (layer: Node, slot: number, axis: number) => {
    const value = layer.input(slot);
    if (!value) return;
    graph.setInput(layer, slot, graph.addInitializer(value.name, permutedTensor(value.constant!, axis, order)));
  };
  moveOutputs(node);
  for (const layer of region.depthwise) moveOutputs(layer);
  for (const { node: sum, slot } of region.rows) move(sum, slot, sum.input(slot)!.constant!.dims.length - 1);
  for (const layer of region.consumers) move(layer, 1, channelAxis(layer));
  const names = region.consumers.map(({ id }) => id).join(', ');
  compilation.remarks.set(node, `order absorbed by ${names}`);

  function moveOutputs(layer: Node): void {
    move(layer, 1, outputAxis(layer));
    for (const slot of [2, 6]) move(layer, slot, 0);
    const scales = layer.attributes.get('scales')?.content;
    if (scales?.type === 'floats' && scales.value.length > 1) {
      graph.setAttribute(layer, 'scales', attribute.floats(Array.from(order, (from) => scales.value[from]!)));
    }
    for (const name of ['w_zero_points', 'multipliers', 'exponents']) {
      const values = layer.ints(name, []);
      if (values.length > 1)
        graph.setAttribute(layer, name, attribute.ints(Array.from(order, (from) => values[from]!)));
    }
  }
}
