import { GraphBuilder, type Model, type Tensor, Tensor as T, type Value } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import type { QuantizeOptions } from '../options.js';
import { noise, noiseTensor } from './emit-static.js';
import type { Feeds } from './ort.js';
import type { LayerKind } from '../legality/legal.js';
import type { Combination } from '../legality/nearest-legal.js';

const WIDTH = 32;

/** One layer of each kind: what it reads, and its node. */
const LAYERS: Readonly<
  Record<LayerKind, { dims: number[]; build: (g: GraphBuilder, x: Value, name: string) => Value }>
> = {
  MatMul: { dims: [1, WIDTH], build: (g, x, w) => g.op('MatMul', [x, g.weight(w, [WIDTH, WIDTH], noise(1024))]) },
  Conv: { dims: [1, 8, 6, 6], build: (g, x, w) => g.op('Conv', [x, g.weight(w, [8, 8, 3, 3], noise(576))]) },
  ConvTranspose: {
    dims: [1, 8, 4, 4],
    build: (g, x, w) => g.op('ConvTranspose', [x, g.weight(w, [8, 4, 3, 3], noise(288))]),
  },
  LSTM: { dims: [3, 1, 16], build: (g, x, w) => recurrent(g, 'LSTM', x, w, 4) },
  GRU: { dims: [3, 1, 16], build: (g, x, w) => recurrent(g, 'GRU', x, w, 3) },
  Gather: { dims: [5], build: (g, x, w) => g.op('Gather', [g.weight(w, [WIDTH, WIDTH], noise(1024)), x]) },
};

function recurrent(g: GraphBuilder, op: string, x: Value, name: string, gates: number): Value {
  const rows = gates * 16;
  const weights = ['w', 'r'].map((part, i) => g.weight(`${name}_${part}`, [1, rows, 16], noise(rows * 16, i + 2)));
  return g.op(op, [x, ...weights], { hidden_size: 16 });
}

/** Layers of the kinds side by side, each with a Relu behind that makes its output. */
export function legalNetwork(kinds: readonly LayerKind[]): { model: Model; feeds: Feeds } {
  const g = new GraphBuilder('g');
  const feeds: Record<string, Tensor> = {};
  for (const kind of kinds) {
    const { dims, build } = LAYERS[kind];
    const isIds = kind === 'Gather';
    feeds[`x_${kind}`] = isIds ? T.fromNumbers('int64', dims, [3, 9, 0, 31, 9]) : noiseTensor(dims, 4);
    const x = g.input(`x_${kind}`, isIds ? 'int64' : 'float32', dims);
    g.output(g.op('Relu', [build(g, x, `weight_${kind}`)]), `y_${kind}`);
  }
  return { model: g.model(), feeds };
}

/** What asks for the combination, for every layer. */
export function legalOptions(
  { mode, weights, activations, granularity, form }: Combination,
  feeds: Feeds,
): QuantizeOptions {
  const bits = Number(/\d+/.exec(weights)?.[0]);
  const common = { mode, weights, granularity, optimize: false, costModel: false } as QuantizeOptions;
  if (mode === 'static') {
    return { ...common, activations, format: form, data: dataFromArrays(feeds) } as QuantizeOptions;
  }
  if (mode === 'dynamic') return common;
  const isPlain = ['int4', 'uint4', 'int8', 'uint8'].includes(weights) && granularity === 'perBlock';
  const edgeBits = isPlain ? bits : Math.min(8, Math.max(2, bits));
  return { ...common, blockFormat: form, edgeBits } as QuantizeOptions;
}
