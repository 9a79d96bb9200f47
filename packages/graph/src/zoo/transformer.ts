import { GraphBuilder } from '../builder.js';
import type { Model } from '../ir/model.js';
import { attention, embed, feedForward } from './attention.js';
import { layerNorm } from './layers.js';
import { seededWeights } from './weights.js';

export interface TransformerOptions {
  readonly seed?: number;
  readonly layers?: number;
  readonly width?: number;
  readonly heads?: number;
  readonly vocabulary?: number;
  /** Tokens in one sequence: fixed, as the exports that ship are. */
  readonly context?: number;
}

/**
 * BERT encoder: input_ids int64 [n, context] -> last_hidden_state [n, context, width]. The defaults are BERT-base (12 layers, width
 * 768, 12 heads, vocabulary 30,522, context 128): 109 million parameters, post-LN, exact GELU, no pooler.
 *
 * Source: Devlin et al. 2019, arXiv:1810.04805; Vaswani et al. 2017, arXiv:1706.03762, section 3.
 */
export function bert(options: TransformerOptions = {}): Model {
  const { seed = 0, layers = 12, width = 768, heads = 12, vocabulary = 30_522, context = 128 } = options;
  const net = { g: new GraphBuilder('bert'), init: seededWeights(seed) };
  const shape = { width, heads, context };
  const ids = net.g.input('input_ids', 'int64', ['n', context]);
  const positions = net.g.weight('embeddings.position', [1, context, width], net.init.normal(context * width, 0.02));
  const segment = net.g.weight('embeddings.segment', [1, 1, width], net.init.normal(width, 0.02));
  const words = embed(net, ids, 'embeddings.word', vocabulary, width);
  let x = net.g.op('Add', [net.g.op('Add', [words, segment]), positions]);
  x = layerNorm(net, x, 'embeddings.norm', width, 1e-12);
  for (let i = 0; i < layers; i++) {
    const name = `layer.${i}`;
    x = net.g.op('Add', [x, attention(net, x, `${name}.attention`, shape)]);
    x = layerNorm(net, x, `${name}.attention.norm`, width, 1e-12);
    x = net.g.op('Add', [x, feedForward(net, x, name, width)]);
    x = layerNorm(net, x, `${name}.norm`, width, 1e-12);
  }
  return net.g.output(x, 'last_hidden_state', 'float32', ['n', context, width]).model();
}

/**
 * Causal pre-LN language model: tokens int64 [n, context] -> logits [n, context, vocabulary]. The defaults are those of the tinylm
 * fixture (4 layers, width 192, 6 heads, vocabulary 512, context 128): 2.0 million parameters, output matrix not tied.
 */
export function tinyLm(options: TransformerOptions = {}): Model {
  const { seed = 0, layers = 4, width = 192, heads = 6, vocabulary = 512, context = 128 } = options;
  const net = { g: new GraphBuilder('tinylm'), init: seededWeights(seed) };
  const mask = Float32Array.from({ length: context * context }, (_, i) => (i % context > i / context ? -1e4 : 0));
  const shape = { width, heads, context };
  const tokens = net.g.input('tokens', 'int64', ['n', context]);
  const positions = net.g.weight('positions', [1, context, width], net.init.normal(context * width, 0.02));
  const causal = net.g.weight('mask', [context, context], mask);
  let x = net.g.op('Add', [embed(net, tokens, 'embedding', vocabulary, width), positions]);
  for (let i = 0; i < layers; i++) {
    const name = `block.${i}`;
    const normed = layerNorm(net, x, `${name}.norm1`, width, 1e-5);
    x = net.g.op('Add', [x, attention(net, normed, `${name}.attention`, shape, causal)]);
    x = net.g.op('Add', [x, feedForward(net, layerNorm(net, x, `${name}.norm2`, width, 1e-5), name, width)]);
  }
  const head = net.g.weight('head.weight', [width, vocabulary], net.init.normal(width * vocabulary, 0.02));
  const logits = net.g.op('MatMul', [layerNorm(net, x, 'norm', width, 1e-5), head], {}, { name: 'head' });
  return net.g.output(logits, 'logits', 'float32', ['n', context, vocabulary]).model();
}
