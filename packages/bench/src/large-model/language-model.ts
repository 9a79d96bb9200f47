import { GraphBuilder, type Model, Tensor, type Value } from '@gossamer/graph';
import { counterWeights } from './counter-weights.js';

export interface LanguageModelSize {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly vocabulary: number;
  /** Tokens in one sequence. */
  readonly context: number;
}

/** A builder and the number of the next weight. */
interface Net {
  readonly g: GraphBuilder;
  seed: number;
}

/**
 * A causal pre-LN language model as exporters write it, with every LayerNormalization and GELU in pieces: tokens int64 [n, context] ->
 * logits [n, context, vocabulary]. Its random weights are computed as they are written, so a model of any size takes no memory.
 */
export function languageModel({ layers, width, heads, vocabulary, context }: LanguageModelSize): Model {
  const net: Net = { g: new GraphBuilder('language-model', { opset: 20, irVersion: 9 }), seed: 1 };
  const { g } = net;
  const tokens = g.input('tokens', 'int64', ['n', context]);
  const mask = Float32Array.from({ length: context * context }, (_, i) => (i % context > i / context ? -1e4 : 0));
  const causal = g.weight('mask', [context, context], mask);
  const words = g.op('Gather', [weight(net, 'embedding', [vocabulary, width]), tokens], { axis: 0 });
  let x = g.op('Add', [words, weight(net, 'positions', [1, context, width])]);
  for (let i = 0; i < layers; i++) {
    const name = `block.${i}`;
    const mixed = attention(
      net,
      norm(net, x, `${name}.norm1`, width),
      `${name}.attention`,
      width,
      heads,
      context,
      causal,
    );
    x = g.op('Add', [x, mixed]);
    const wide = gelu(g, linear(net, norm(net, x, `${name}.norm2`, width), `${name}.up`, width, 4 * width));
    x = g.op('Add', [x, linear(net, wide, `${name}.down`, 4 * width, width)]);
  }
  const head = weight(net, 'head.weight', [width, vocabulary]);
  const logits = g.op('MatMul', [norm(net, x, 'norm', width), head], {}, { name: 'head' });
  return g.output(logits, 'logits', 'float32', ['n', context, vocabulary]).model();
}

function weight(net: Net, name: string, dims: readonly number[]): Value {
  return net.g.graph.addInitializer(name, counterWeights(dims, net.seed++ * 7919, 0.02));
}

const scalar = (g: GraphBuilder, value: number) => g.op('Constant', [], { value: Tensor.scalar('float32', value) });

function linear(net: Net, x: Value, name: string, input: number, output: number): Value {
  const product = net.g.op('MatMul', [x, weight(net, `${name}.weight`, [input, output])], {}, { name });
  return net.g.op('Add', [product, weight(net, `${name}.bias`, [output])]);
}

function norm({ g }: Net, x: Value, name: string, width: number): Value {
  const centred = g.op('Sub', [x, g.op('ReduceMean', [x, g.constant([-1])])]);
  const variance = g.op('ReduceMean', [g.op('Pow', [centred, scalar(g, 2)]), g.constant([-1])]);
  const deviation = g.op('Sqrt', [g.op('Add', [variance, scalar(g, 1e-5)])]);
  const scale = g.weight(`${name}.weight`, [width], new Float32Array(width).fill(1));
  const shift = g.weight(`${name}.bias`, [width], new Float32Array(width));
  return g.op('Add', [g.op('Mul', [g.op('Div', [centred, deviation]), scale]), shift]);
}

function gelu(g: GraphBuilder, x: Value): Value {
  const erf = g.op('Erf', [g.op('Div', [x, scalar(g, Math.SQRT2)])]);
  return g.op('Mul', [g.op('Mul', [x, g.op('Add', [erf, scalar(g, 1)])]), scalar(g, 0.5)]);
}

function attention(
  net: Net,
  x: Value,
  name: string,
  width: number,
  heads: number,
  context: number,
  mask: Value,
): Value {
  const { g } = net;
  const split = (part: string, perm: readonly number[]) => {
    const shape = g.constant([0, context, heads, width / heads]);
    return g.op('Transpose', [g.op('Reshape', [linear(net, x, `${name}.${part}`, width, width), shape])], { perm });
  };
  const query = split('query', [0, 2, 1, 3]);
  const key = split('key', [0, 2, 3, 1]);
  const value = split('value', [0, 2, 1, 3]);
  const scores = g.op('Div', [g.op('MatMul', [query, key]), scalar(g, Math.sqrt(width / heads))]);
  const probabilities = g.op('Softmax', [g.op('Add', [scores, mask])], { axis: -1 });
  const merged = g.op('Transpose', [g.op('MatMul', [probabilities, value])], { perm: [0, 2, 1, 3] });
  return linear(net, g.op('Reshape', [merged, g.constant([0, context, width])]), `${name}.output`, width, width);
}
