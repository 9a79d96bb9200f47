import { type Model, tensorType } from '@gossamer/graph';
import * as zoo from '@gossamer/graph/zoo';
import type { CoverageCase } from './coverage-case.js';

/** The convolutional nets with images of another size than they declare: what follows the pooling has no sizes of its own. */
export function withImages(model: Model, size: number): Model {
  const [input] = model.graph.inputs;
  if (input?.type?.kind === 'tensor') {
    model.graph.setType(input, tensorType('float32', [...input.type.shape!.slice(0, 2), size, size]));
  }
  return model;
}

const text = { layers: 2, width: 32, heads: 2, vocabulary: 50, context: 8 };
const encoderDecoder = () => zoo.encoderDecoder(text);
const recurrent = { vocabulary: 40, width: 12, hidden: 10, tags: 5 };
const source = { n: 2, source: 6 };

/** Every builder of the zoo, small. */
export const ZOO_CASES: readonly CoverageCase[] = [
  { name: 'lenet-300-100', build: () => zoo.leNet300100(), form: { batch: 4 } },
  { name: 'lenet-5', build: () => zoo.leNet5(), form: { batch: 2 } },
  { name: 'resnet-20', build: () => withImages(zoo.resNet20(), 12), form: { batch: 4 } },
  { name: 'bert', build: () => zoo.bert(text), form: { batch: 2 }, integers: 50 },
  { name: 'tinylm', build: () => zoo.tinyLm(text), form: { batch: 2 }, integers: 50 },
  { name: 'u-net', build: () => zoo.uNet({ channels: 4, depth: 2 }), form: { bind: { n: 2, h: 16, w: 16 } } },
  { name: 'generator', build: () => zoo.generator({ latent: 8, channels: 2 }), form: { batch: 3 } },
  {
    name: 'tagger (LSTM)',
    build: () => zoo.tagger({ ...recurrent, cell: 'LSTM' }),
    form: { bind: { length: 6, n: 2 } },
    integers: 40,
  },
  {
    name: 'tagger (GRU)',
    build: () => zoo.tagger({ ...recurrent, cell: 'GRU' }),
    form: { bind: { length: 6, n: 2 } },
    integers: 40,
  },
  {
    name: 'wav2vec2',
    build: () => zoo.wav2Vec2({ channels: 16, layers: 1, width: 32, heads: 2, letters: 8 }),
    form: { bind: { n: 2, time: 1600 } },
  },
  { name: 'encoder', build: () => encoderDecoder().encoder, form: { bind: source }, integers: 50 },
  {
    name: 'decoder',
    build: () => encoderDecoder().decoder,
    form: { bind: { ...source, t: 4, past: 3 } },
    integers: 50,
  },
  {
    name: 'translator (encoder)',
    build: () => zoo.translator().encoder,
    form: { bind: { batch_size: 2, encoder_sequence_length: 5 } },
    integers: 40,
    fixed: { attention_mask: 1 },
  },
  {
    name: 'translator (decoder)',
    build: () => zoo.translator().decoder,
    form: { bind: { batch_size: 2, encoder_sequence_length: 5, decoder_sequence_length: 4 } },
    integers: 40,
    fixed: { encoder_attention_mask: 1 },
  },
  {
    name: 'translator (decoder with past)',
    build: () => zoo.translator().withPast,
    form: {
      bind: {
        batch_size: 2,
        encoder_sequence_length: 5,
        encoder_sequence_length_out: 5,
        past_decoder_sequence_length: 3,
      },
    },
    integers: 40,
    fixed: { encoder_attention_mask: 1 },
  },
];
