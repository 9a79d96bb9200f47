import { GraphBuilder } from '../builder.js';
import type { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { seededWeights } from './weights.js';

export interface TranslatorOptions {
  readonly layers?: number;
  readonly heads?: number;
  /** Width of a head. */
  readonly size?: number;
  readonly vocabulary?: number;
}

const TABLE = 'shared.weight';

type Sizes = Required<TranslatorOptions>;

/** A translator as it is laid out for transformers.js. */
export interface Translator {
  readonly encoder: Model;
  readonly decoder: Model;
  readonly withPast: Model;
  /** What its config.json says. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** A tensor by its name and dims, the same for every model that asks: what a training run would have left. */
function weights(): (name: string, dims: readonly number[]) => Tensor {
  const made = new Map<string, Tensor>();
  return (name, dims) => {
    let tensor = made.get(name);
    if (!tensor) {
      const seed = [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7);
      const length = dims.reduce((product, dim) => product * dim, 1);
      // Products keep the size of what they multiply, roughly.
      const deviation = name === TABLE ? 0.3 : 1 / Math.sqrt(dims[0]!);
      tensor = Tensor.of('float32', dims, seededWeights(seed).normal(length, deviation));
      made.set(name, tensor);
    }
    return tensor;
  };
}

/**
 * Encoder, decoder and decoder with past, under the names of optimum's exports of T5; the embedding is tied to the output matrix. The
 * defaults are small: 2 layers, 2 heads of width 8, a vocabulary of 40. It has no positions: there for its form, not for what it says.
 */
export function translator(options: TranslatorOptions = {}): Translator {
  const sizes = { layers: 2, heads: 2, size: 8, vocabulary: 40, ...options };
  const weight = weights();
  return {
    encoder: encoder(weight, sizes),
    decoder: decoder(weight, sizes, false),
    withPast: decoder(weight, sizes, true),
    config: {
      architectures: ['T5ForConditionalGeneration'],
      model_type: 't5',
      is_encoder_decoder: true,
      d_model: sizes.heads * sizes.size,
      d_kv: sizes.size,
      num_heads: sizes.heads,
      num_layers: sizes.layers,
      num_decoder_layers: sizes.layers,
      vocab_size: sizes.vocabulary,
      decoder_start_token_id: 0,
      pad_token_id: 0,
      eos_token_id: 1,
    },
  };
}

type Weights = ReturnType<typeof weights>;

interface Net {
  readonly g: GraphBuilder;
  readonly product: (x: Value, name: string, dims: readonly [number, number]) => Value;
  readonly table: Value;
  readonly heads: number;
  readonly size: number;
  readonly width: number;
}

function netOf(g: GraphBuilder, weight: Weights, { heads, size, vocabulary }: Sizes): Net {
  const named = new Map<string, Value>();
  const value = (name: string, dims: readonly number[]) => {
    const known = named.get(name) ?? g.graph.addInitializer(name, weight(name, dims));
    named.set(name, known);
    return known;
  };
  const table = value(TABLE, [vocabulary, heads * size]);
  return {
    g,
    table,
    heads,
    size,
    width: heads * size,
    product: (x, name, dims) => g.op('MatMul', [x, value(`${name}.weight`, dims)], {}, { name }),
  };
}

function encoder(weight: Weights, sizes: Sizes): Model {
  const g = new GraphBuilder('encoder', { opset: 14 });
  const ids = g.input('input_ids', 'int64', ['batch_size', 'encoder_sequence_length']);
  const mask = g.input('attention_mask', 'int64', ['batch_size', 'encoder_sequence_length']);
  const net = netOf(g, weight, sizes);
  let x = g.op('Gather', [net.table, ids]);
  for (let i = 0; i < sizes.layers; i++) {
    const name = `encoder.${i}`;
    x = g.op('Add', [x, attend(net, name, x, cachesOf(net, name, x), padding(g, mask))]);
  }
  return g.output(x, 'last_hidden_state', 'float32', ['batch_size', 'encoder_sequence_length', net.width]).model();
}

function decoder(weight: Weights, sizes: Sizes, hasPast: boolean): Model {
  const width = sizes.heads * sizes.size;
  const g = new GraphBuilder(hasPast ? 'decoder_with_past' : 'decoder', { opset: 14 });
  const mask = g.input('encoder_attention_mask', 'int64', ['batch_size', 'encoder_sequence_length']);
  const ids = g.input('input_ids', 'int64', ['batch_size', hasPast ? 1 : 'decoder_sequence_length']);
  const hidden = hasPast
    ? undefined
    : g.input('encoder_hidden_states', 'float32', ['batch_size', 'encoder_sequence_length', width]);
  const past = (layer: number, part: 'decoder' | 'encoder'): [Value, Value] => {
    const length = part === 'decoder' ? 'past_decoder_sequence_length' : 'encoder_sequence_length';
    return ['key', 'value'].map((kind) =>
      g.input(`past_key_values.${layer}.${part}.${kind}`, 'float32', ['batch_size', sizes.heads, length, sizes.size]),
    ) as [Value, Value];
  };
  const net = netOf(g, weight, sizes);
  const outputs: [string, Value][] = [];
  let x = g.op('Gather', [net.table, ids]);
  for (let i = 0; i < sizes.layers; i++) {
    let own = cachesOf(net, `decoder.${i}.self`, x);
    if (hasPast) {
      const before = past(i, 'decoder');
      own = own.map((value, part) => g.op('Concat', [before[part]!, value], { axis: 2 })) as [Value, Value];
    }
    x = g.op('Add', [x, attend(net, `decoder.${i}.self`, x, own, hasPast ? undefined : causal(g, ids))]);
    const cross = hidden ? cachesOf(net, `decoder.${i}.cross`, hidden) : past(i, 'encoder');
    x = g.op('Add', [x, attend(net, `decoder.${i}.cross`, x, cross, padding(g, mask))]);
    for (const [part, pair] of [
      ['decoder', own],
      ['encoder', cross],
    ] as const) {
      if (hasPast && part === 'encoder') continue;
      pair.forEach((value, at) => outputs.push([`present.${i}.${part}.${at === 0 ? 'key' : 'value'}`, value]));
    }
  }
  const columns = g.op('Transpose', [net.table], { perm: [1, 0] });
  const logits = g.op('MatMul', [x, columns], {}, { name: 'lm_head' });
  g.output(logits, 'logits', 'float32', ['batch_size', hasPast ? 1 : 'decoder_sequence_length', sizes.vocabulary]);
  for (const [name, value] of outputs) {
    const length = name.includes('encoder') ? 'encoder_sequence_length' : 'past_decoder_sequence_length + 1';
    g.output(value, name, 'float32', [
      'batch_size',
      sizes.heads,
      hasPast || name.includes('encoder') ? length : 'decoder_sequence_length',
      sizes.size,
    ]);
  }
  return g.model();
}

/** Keys and values [n, heads, length, size] of `source`. */
function cachesOf(net: Net, name: string, source: Value): [Value, Value] {
  const { product, width } = net;
  return ['k', 'v'].map((part) => split(net, product(source, `${name}.${part}`, [width, width]))) as [Value, Value];
}

const split = ({ g, heads, size }: Net, x: Value): Value =>
  g.op('Transpose', [g.op('Reshape', [x, g.constant([0, -1, heads, size])])], { perm: [0, 2, 1, 3] });

function attend(net: Net, name: string, x: Value, [key, value]: [Value, Value], mask?: Value): Value {
  const { g, product, width } = net;
  const query = split(net, product(x, `${name}.q`, [width, width]));
  const scores = g.op('MatMul', [query, g.op('Transpose', [key], { perm: [0, 1, 3, 2] })]);
  const mixed = g.op('MatMul', [g.op('Softmax', [mask ? g.op('Add', [scores, mask]) : scores], { axis: -1 }), value]);
  const joined = g.op('Reshape', [g.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }), g.constant([0, -1, width])]);
  return product(joined, `${name}.o`, [width, width]);
}

/** [n, 1, 1, length]: 0 for tokens, -1e4 for padding. */
function padding(g: GraphBuilder, mask: Value): Value {
  const wide = g.op('Unsqueeze', [g.op('Cast', [mask], { to: 1 }), g.constant([1, 2])]);
  return g.op('Mul', [g.op('Sub', [g.constant(1, 'float32'), wide]), g.constant(-1e4, 'float32')]);
}

/** [length, length]: -1e4 where the key is later than the query. */
function causal(g: GraphBuilder, ids: Value): Value {
  const length = g.op('Gather', [g.op('Shape', [ids]), g.constant(1)]);
  const places = g.op('Range', [g.constant(0), length, g.constant(1)]);
  const isLater = g.op('Greater', [places, g.op('Unsqueeze', [places, g.constant([1])])]);
  return g.op('Where', [isLater, g.constant(-1e4, 'float32'), g.constant(0, 'float32')]);
}
