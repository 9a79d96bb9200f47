import { GraphBuilder } from '../builder.js';
import type { Model } from '../ir/model.js';
import { elementCount } from '../ir/tensor.js';
import { embed } from './attention.js';
import { linear } from './layers.js';
import { seededWeights } from './weights.js';

export interface TaggerOptions {
  readonly seed?: number;
  /** Default 'LSTM'. */
  readonly cell?: 'LSTM' | 'GRU';
  readonly vocabulary?: number;
  readonly width?: number;
  /** Hidden units a direction. */
  readonly hidden?: number;
  readonly tags?: number;
}

/**
 * Bidirectional sequence tagger: tokens int64 [length, n] -> logits [length, n, tags]. Embedding (10,000 x 128), LSTM or GRU with 128
 * hidden units a direction, a linear layer on both; the defaults have 1.5 million (LSTM) parameters.
 *
 * Source: Huang, Xu, Yu 2015, arXiv:1508.01991, section 2.2 (without the CRF).
 */
export function tagger(options: TaggerOptions = {}): Model {
  const { seed = 0, cell = 'LSTM', vocabulary = 10_000, width = 128, hidden = 128, tags = 17 } = options;
  const net = { g: new GraphBuilder('tagger'), init: seededWeights(seed) };
  const tokens = net.g.input('tokens', 'int64', ['length', 'n']);
  const x = embed(net, tokens, 'embedding', vocabulary, width);
  const rows = (cell === 'LSTM' ? 4 : 3) * hidden;
  const bound = 1 / Math.sqrt(hidden);
  const weight = (name: string, dims: readonly number[]) =>
    net.g.weight(`rnn.${name}`, dims, net.init.uniform(elementCount(dims), -bound, bound));
  const inputs = [x, weight('W', [2, rows, width]), weight('R', [2, rows, hidden]), weight('B', [2, 2 * rows])];
  const attributes = {
    direction: 'bidirectional',
    hidden_size: hidden,
    ...(cell === 'GRU' ? { linear_before_reset: 1 } : {}),
  };
  // [length, 2, n, hidden] -> [length, n, 2 * hidden].
  const both = net.g.op('Transpose', [net.g.op(cell, inputs, attributes, { name: 'rnn' })], { perm: [0, 2, 1, 3] });
  const states = net.g.op('Reshape', [both, net.g.constant([0, 0, 2 * hidden])]);
  const logits = linear(net, states, 'head', 2 * hidden, tags);
  return net.g.output(logits, 'logits', 'float32', ['length', 'n', tags]).model();
}
