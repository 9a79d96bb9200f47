import { errorCode } from '../testing/error-code.js';
import { checkGraph } from '../ir/check.js';
import { inferTypes } from '../inference/index.js';
import type { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import { parseModel, serializeModel } from '../onnx/index.js';
import { runOnce } from '../passes/testing/ort-session.js';
import { linkCaches } from './link-caches.js';
import { mergeDecoders } from './merge-decoders.js';
import { translator } from '../zoo/index.js';

const { layers, heads, size } = { layers: 2, heads: 2, size: 8 };
const reopened = (model: Model) => parseModel(serializeModel(model));
const bool = (value: boolean) => Tensor.of('bool', [1], Uint8Array.of(Number(value)));

function floats(dims: readonly number[], phase: number): Tensor {
  const length = dims.reduce((product, dim) => product * dim, 1);
  return Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length }, (_, i) => Math.sin(i * 0.7 + phase)),
  );
}

/** Inputs of the decoder for `n` samples; padding at the end of the last. */
function firstFeeds(n: number): Record<string, Tensor> {
  const mask = new BigInt64Array(n * 5).fill(1n);
  mask[mask.length - 1] = 0n;
  return {
    encoder_attention_mask: Tensor.of('int64', [n, 5], mask),
    input_ids: Tensor.of(
      'int64',
      [n, 3],
      BigInt64Array.from({ length: n * 3 }, (_, i) => BigInt((i * 7) % 40)),
    ),
    encoder_hidden_states: floats([n, 5, heads * size], 1),
  };
}

function caches(n: number): Record<string, Tensor> {
  const entries: [string, Tensor][] = [];
  for (let i = 0; i < layers; i++) {
    for (const [part, length] of [
      ['decoder', 3],
      ['encoder', 5],
    ] as const) {
      for (const kind of ['key', 'value']) {
        entries.push([`past_key_values.${i}.${part}.${kind}`, floats([n, heads, length, size], entries.length)]);
      }
    }
  }
  return Object.fromEntries(entries);
}

function nextFeeds(n: number): Record<string, Tensor> {
  const { encoder_attention_mask } = firstFeeds(n);
  const input_ids = Tensor.of(
    'int64',
    [n, 1],
    BigInt64Array.from({ length: n }, (_, i) => BigInt(i + 2)),
  );
  return { encoder_attention_mask: encoder_attention_mask!, input_ids, ...caches(n) };
}

const bits = (outputs: Readonly<Record<string, Tensor>>, names: readonly string[]) =>
  names.map((name) => [name, [...outputs[name]!.dims], Buffer.from(outputs[name]!.bytes()).toString('hex')]);

const namesOf = (model: Model) => model.graph.outputs.map(({ name }) => name);

describe('mergeDecoders', () => {
  const { decoder, withPast } = translator();
  const merged = mergeDecoders(decoder, withPast);

  test.each([1, 3])(
    'both branches give the bits of the decoder they came from, %i samples, in ONNX Runtime',
    async (n) => {
      checkGraph(merged.graph);
      const written = reopened(merged);
      const all = { ...firstFeeds(n), ...caches(n) };
      const first = await runOnce(written, { ...all, use_cache_branch: bool(false) });
      expect(bits(first, namesOf(decoder))).toEqual(bits(await runOnce(decoder, firstFeeds(n)), namesOf(decoder)));
      const next = await runOnce(written, { ...all, ...nextFeeds(n), use_cache_branch: bool(true) });
      expect(bits(next, namesOf(withPast))).toEqual(bits(await runOnce(withPast, nextFeeds(n)), namesOf(withPast)));
      // What does not change is not computed again.
      expect(next['present.0.encoder.key']!.dims).toEqual([0, heads, 1, size]);
    },
  );

  test('weights that both hold are stored once, the tied table among them', () => {
    const bytesOf = (model: Model) =>
      [...model.scopes()]
        .flatMap((scope) => [...scope.initializers()])
        .filter(({ initializer }) => initializer!.dims.length > 1)
        .reduce((sum, { initializer }) => sum + initializer!.byteLength, 0);
    expect(bytesOf(withPast)).toBeGreaterThan(0.7 * bytesOf(decoder));
    expect(bytesOf(merged)).toBe(bytesOf(decoder));
    const stored = [...merged.graph.initializers()].map(({ initializer }) => initializer!.hash());
    expect(new Set(stored).size).toBe(stored.length);
    const tables = [...merged.scopes()]
      .flatMap((scope) => [...scope.initializers()])
      .filter(({ initializer }) => initializer!.dims[0] === 40);
    expect(tables.map(({ name }) => name)).toEqual(['shared.weight']);
  });

  test('its inputs are those of both, sizes that differ are open, types are inferred', () => {
    expect(merged.graph.inputs.map(({ name }) => name)).toEqual([
      ...decoder.graph.inputs.map(({ name }) => name),
      ...withPast.graph.inputs.map(({ name }) => name).filter((name) => name.startsWith('past')),
      'use_cache_branch',
    ]);
    const ids = merged.graph.value('input_ids')!.type;
    expect(ids).toMatchObject({ dtype: 'int64' });
    expect(String(ids?.kind === 'tensor' && ids.shape)).toBe('batch_size,decoder_sequence_length');
    const types = inferTypes(merged, { strict: true });
    expect(types.dtypeOf(merged.graph.outputs[0]!)).toBe('float32');
  });

  test('caches of the own tokens are state; those of the encoder are not given out again', () => {
    const inputs = merged.graph.state.map(({ input }) => input.name);
    expect(inputs).toEqual(
      [0, 1].flatMap((i) => ['key', 'value'].map((kind) => `past_key_values.${i}.decoder.${kind}`)),
    );
    const read = reopened(merged);
    expect(read.graph.state).toEqual([]);
    expect(linkCaches(read)).toEqual(inputs);
    expect(linkCaches(read)).toEqual([]);
  });

  test('neither decoder changes, also when its caches are linked', () => {
    const pair = translator();
    linkCaches(pair.withPast);
    const before = [pair.decoder, pair.withPast].map((model) => Buffer.from(serializeModel(model)).toString('base64'));
    mergeDecoders(pair.decoder, pair.withPast);
    expect([pair.decoder, pair.withPast].map((model) => Buffer.from(serializeModel(model)).toString('base64'))).toEqual(
      before,
    );
    expect(pair.withPast.graph.state).toHaveLength(2 * layers);
  });

  test('a name with another meaning in the other decoder hides nothing', async () => {
    const pair = translator();
    // As torch counts them: here a weight, there a result.
    const { graph } = pair.withPast;
    graph.rename(graph.value('decoder.0.self.q.weight')!, 'q');
    const result = [...graph.nodes()].find(({ name }) => name === 'decoder.0.self.k')!.output;
    graph.rename(result, 'decoder.0.self.q.weight');
    const again = reopened(mergeDecoders(reopened(pair.decoder), reopened(pair.withPast)));
    checkGraph(again.graph);
    const next = await runOnce(again, { ...firstFeeds(1), ...nextFeeds(1), use_cache_branch: bool(true) });
    expect(bits(next, ['logits'])).toEqual(bits(await runOnce(withPast, nextFeeds(1)), ['logits']));
  });

  test('an output that is an input or a weight passes through', async () => {
    const pair = translator();
    pair.decoder.graph.addOutput(pair.decoder.graph.value('shared.weight')!);
    pair.withPast.graph.addOutput(pair.withPast.graph.value('shared.weight')!);
    const again = reopened(mergeDecoders(pair.decoder, pair.withPast));
    const found = await runOnce(again, { ...firstFeeds(1), ...caches(1), use_cache_branch: bool(false) });
    expect(found['shared.weight']!.dims).toEqual([40, 16]);
  });

  test.each([
    ['opsets differ', ({ withPast: m }: ReturnType<typeof translator>) => m.opsets.set('', 15)],
    [
      'one is merged already',
      (pair: ReturnType<typeof translator>) =>
        Object.assign(pair, { decoder: mergeDecoders(pair.decoder, pair.withPast) }),
    ],
    [
      'outputs only the other has',
      ({ withPast: m }: ReturnType<typeof translator>) => m.graph.addOutput([...m.graph.nodes()][1]!.output),
    ],
    [
      'an input of two dtypes',
      ({ withPast: m }: ReturnType<typeof translator>) =>
        m.graph.setType(m.graph.value('input_ids')!, { kind: 'tensor', dtype: 'int32', shape: undefined }),
    ],
  ])('%s: refused', (_, spoil) => {
    const pair = translator();
    spoil(pair);
    expect(errorCode(() => mergeDecoders(pair.decoder, pair.withPast))).toBe('ERR_MERGE_DECODERS');
  });
});
