import { GraphBuilder } from '../../builder.js';
import type { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { seededWeights } from '../../zoo/weights.js';

/** Sizes of the translator: small, but with every name that an export has. */
export const SIZES = { layers: 2, heads: 2, size: 8, vocabulary: 40 } as const;
const WIDTH = SIZES.heads * SIZES.size;

/** A config.json of the architecture whose names these models have. */
export const CONFIG = {
  architectures: ['T5ForConditionalGeneration'],
  model_type: 't5',
  is_encoder_decoder: true,
  d_model: WIDTH,
  d_kv: SIZES.size,
  num_heads: SIZES.heads,
  num_layers: SIZES.layers,
  num_decoder_layers: SIZES.layers,
  vocab_size: SIZES.vocabulary,
  decoder_start_token_id: 0,
  pad_token_id: 0,
  eos_token_id: 1,
};

/** A tensor by its name and dims, the same for every model that asks: what a training run would have left. */
function weights(): (name: string, dims: readonly number[]) => Tensor {
  const made = new Map<string, Tensor>();
  return (name, dims) => {
    let tensor = made.get(name);
    if (!tensor) {
      const seed = [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7);
      const length = dims.reduce((product, dim) => product * dim, 1);
      tensor = Tensor.of('float32', dims, seededWeights(seed).normal(length, 0.3));
      made.set(name, tensor);
    }
    return tensor;
  };
}

/**
 * Encoder, decoder and decoder with past, as optimum exports a translator of the T5 kind; the embedding is tied to the output matrix. No
 * positions: the models are small, not clever.
 */
export function translator(): { encoder: Model; decoder: Model; withPast: Model } {
  const weight = weights();
  return { encoder: encoder(weight), decoder: decoder(weight, false), withPast: decoder(weight, true) };
}

type Weights = ReturnType<typeof weights>;

interface Net {
  readonly g: GraphBuilder;
  readonly product: (x: Value, name: string, dims: readonly [number, number]) => Value;
  readonly table: Value;
}

function netOf(g: GraphBuilder, weight: Weights): Net {
  const named = new Map<string, Value>();
  const value = (name: string, dims: readonly number[]) => {
    const known = named.get(name) ?? g.graph.addInitializer(name, weight(name, dims));
    named.set(name, known);
    return known;
  };
  const table = value('shared.weight', [SIZES.vocabulary, WIDTH]);
  return { g, table, product: (x, name, dims) => g.op('MatMul', [x, value(`${name}.weight`, dims)], {}, { name }) };
}

function encoder(weight: Weights): Model {
  const g = new GraphBuilder('encoder', { opset: 14 });
  const ids = g.input('input_ids', 'int64', ['batch_size', 'encoder_sequence_length']);
  const mask = g.input('attention_mask', 'int64', ['batch_size', 'encoder_sequence_length']);
  const net = netOf(g, weight);
  let x = g.op('Gather', [net.table, ids]);
  for (let i = 0; i < SIZES.layers; i++) {
    const name = `encoder.${i}`;
    x = g.op('Add', [x, attend(net, name, x, cachesOf(net, name, x), padding(g, mask))]);
  }
  return g.output(x, 'last_hidden_state', 'float32', ['batch_size', 'encoder_sequence_length', WIDTH]).model();
}

function decoder(weight: Weights, hasPast: boolean): Model {
  const g = new GraphBuilder(hasPast ? 'decoder_with_past' : 'decoder', { opset: 14 });
  const mask = g.input('encoder_attention_mask', 'int64', ['batch_size', 'encoder_sequence_length']);
  const ids = g.input('input_ids', 'int64', ['batch_size', hasPast ? 1 : 'decoder_sequence_length']);
  const hidden = hasPast
    ? undefined
    : g.input('encoder_hidden_states', 'float32', ['batch_size', 'encoder_sequence_length', WIDTH]);
  const past = (layer: number, part: 'decoder' | 'encoder'): [Value, Value] => {
    const length = part === 'decoder' ? 'past_decoder_sequence_length' : 'encoder_sequence_length';
    return ['key', 'value'].map((kind) =>
      g.input(`past_key_values.${layer}.${part}.${kind}`, 'float32', ['batch_size', SIZES.heads, length, SIZES.size]),
    ) as [Value, Value];
  };
  const net = netOf(g, weight);
  const outputs: [string, Value][] = [];
  let x = g.op('Gather', [net.table, ids]);
  for (let i = 0; i < SIZES.layers; i++) {
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
  g.output(logits, 'logits', 'float32', ['batch_size', hasPast ? 1 : 'decoder_sequence_length', SIZES.vocabulary]);
  for (const [name, value] of outputs) {
    const length = name.includes('encoder') ? 'encoder_sequence_length' : 'past_decoder_sequence_length + 1';
    g.output(value, name, 'float32', [
      'batch_size',
      SIZES.heads,
      hasPast || name.includes('encoder') ? length : 'decoder_sequence_length',
      SIZES.size,
    ]);
  }
  return g.model();
}

/** Keys and values [n, heads, length, size] of `source`. */
function cachesOf({ g, product }: Net, name: string, source: Value): [Value, Value] {
  return ['k', 'v'].map((part) => split(g, product(source, `${name}.${part}`, [WIDTH, WIDTH]))) as [Value, Value];
}

const split = (g: GraphBuilder, x: Value): Value =>
  g.op('Transpose', [g.op('Reshape', [x, g.constant([0, -1, SIZES.heads, SIZES.size])])], { perm: [0, 2, 1, 3] });

function attend({ g, product }: Net, name: string, x: Value, [key, value]: [Value, Value], mask?: Value): Value {
  const query = split(g, product(x, `${name}.q`, [WIDTH, WIDTH]));
  const scores = g.op('MatMul', [query, g.op('Transpose', [key], { perm: [0, 1, 3, 2] })]);
  const mixed = g.op('MatMul', [g.op('Softmax', [mask ? g.op('Add', [scores, mask]) : scores], { axis: -1 }), value]);
  const joined = g.op('Reshape', [g.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }), g.constant([0, -1, WIDTH])]);
  return product(joined, `${name}.o`, [WIDTH, WIDTH]);
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
