import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder, Tensor, tiedWeights, weightViews } from '@gossamer/graph';
import { openModelFolder } from '@gossamer/graph/folder';
import { saveModel } from '@gossamer/graph/onnx';
import { encoderDecoder, translator } from '@gossamer/graph/zoo';
import { Session } from '@gossamer/runtime';
import { loadModel } from '../onnx-model.js';
import { convertFolder, inspectFolder, optimizeFolder, quantizeFolder } from './index.js';

const TINY_LM = join(__dirname, '../../../../fixtures/models/tinylm.onnx');
const root = mkdtempSync(join(tmpdir(), 'gossamer-folder-'));
afterAll(() => rmSync(root, { recursive: true }));
const at = (...names: string[]) => join(root, ...names);

// Large enough that layers are worth their codes.
const models = translator({ heads: 4, size: 16, vocabulary: 300 });

beforeAll(async () => {
  mkdirSync(at('in/onnx'), { recursive: true });
  writeFileSync(at('in/config.json'), JSON.stringify(models.config));
  writeFileSync(at('in/tokenizer.json'), '{"version": "1.0"}\r\n');
  await saveModel(models.encoder, at('in/onnx/encoder_model.onnx'));
  await saveModel(models.decoder, at('in/onnx/decoder_model.onnx'));
  await saveModel(models.withPast, at('in/onnx/decoder_with_past_model.onnx'));
});

const onnxFiles = (folder: string) => readdirSync(at(folder, 'onnx')).sort();

test('inspect: every part with its variants, what carries state, what goes along', async () => {
  const found = await inspectFolder(at('in'), { bind: { batch_size: 2, past_decoder_sequence_length: 3 } });
  expect(found).toMatchObject({ modelType: 't5', companions: [{ path: 'config.json' }, { path: 'tokenizer.json' }] });
  expect(found.parts.map(({ name, role, dtype, state }) => [name, role, dtype, Object.keys(state).length])).toEqual([
    ['decoder_model', 'decoder', 'fp32', 0],
    ['decoder_with_past_model', 'decoder-with-past', 'fp32', 4],
    ['encoder_model', 'encoder', 'fp32', 0],
  ]);
  expect(found.parts[2]!.model.parameters).toBe(300 * 64 + 8 * 64 * 64);
  expect(found.warnings).toEqual([expect.stringContaining('decoder_model_merged')]);
});

test('merged, optimised, to float16, to 8 and to 4 bits: each a folder of its own, each part proved', async () => {
  const before = readFileSync(at('in/onnx/decoder_model.onnx'));
  const stages: string[] = [];
  const merged = await convertFolder(at('in'), at('merged'), {
    mergeDecoders: true,
    onProgress: ({ stage }) => stages.push(stage),
  });
  expect(onnxFiles('merged')).toEqual(['decoder_model_merged.onnx', 'encoder_model.onnx']);
  expect(stages).toEqual(expect.arrayContaining(['encoder_model: verify', 'decoder_model_merged: write']));
  expect(merged.warnings).toEqual([]);
  const [, decoder] = merged.parts;
  expect(decoder).toMatchObject({ name: 'decoder_model_merged', from: 'fp32', dtype: 'fp32' });
  expect(decoder!.bytes.ratio).toBeGreaterThan(1.7);
  expect(decoder!.verification).toMatchObject({ loads: true, samples: 2, maxAbsError: 0 });

  const results = {
    fast: await optimizeFolder(at('merged'), at('fast')),
    half: await convertFolder(at('merged'), at('half'), { float16: true }),
    q8: await quantizeFolder(at('merged'), at('q8'), { quantize: { mode: 'dynamic' } }),
    q4: await quantizeFolder(at('merged'), at('q4'), { quantize: { mode: 'weight-only', bits: 4 } }),
    q4f16: await quantizeFolder(at('merged'), at('q4f16'), { quantize: { preset: 'q4f16' } }),
  };
  const suffixes = { fast: '', half: '_fp16', q8: '_quantized', q4: '_q4', q4f16: '_q4f16' };
  // Decibels: rounding; 11 bits; 8 bits (50 dB a product) and 4 bits (25 dB) through the 14 products of the longest path.
  const quality = { fast: 100, half: 50, q8: 20, q4: 8, q4f16: 8 };
  const least = { fast: 0.95, half: 1.7, q8: 2.4, q4: 2.4, q4f16: 2.4 };
  for (const [name, result] of Object.entries(results)) {
    const key = name as keyof typeof results;
    expect(onnxFiles(name)).toEqual([
      `decoder_model_merged${suffixes[key]}.onnx`,
      `encoder_model${suffixes[key]}.onnx`,
    ]);
    expect(readFileSync(at(name, 'tokenizer.json'))).toEqual(readFileSync(at('in/tokenizer.json')));
    expect(readFileSync(at(name, 'config.json'))).toEqual(readFileSync(at('in/config.json')));
    expect(result.warnings).toEqual([]);
    for (const part of result.parts) {
      expect([name, part.name, part.verification!.loads]).toEqual([name, part.name, true]);
      expect([name, part.name, part.verification!.sqnrDb! > quality[key]]).toEqual([name, part.name, true]);
      expect(part.bytes.ratio).toBeGreaterThan(least[key]);
    }
    // The table is tied to the output matrix, and stays one tensor.
    const file = at(name, result.parts.find(({ role }) => role === 'merged-decoder')!.file);
    const { ir } = await loadModel(file);
    const tables = [...ir.scopes()].flatMap((scope) =>
      Array.from(scope.initializers(), ({ initializer }) => initializer!).filter(
        ({ dims, length }) => dims.includes(300) && length >= 300 * 32,
      ),
    );
    expect([name, tables.length]).toEqual([name, 1]);
  }
  // In q4f16 what is not a code is float16.
  const { ir: quarter } = await loadModel(at('q4f16/onnx/decoder_model_merged_q4f16.onnx'));
  const dtypes = [...quarter.scopes()].flatMap((scope) =>
    Array.from(scope.initializers(), ({ initializer }) => initializer!).flatMap(({ dtype, length }) =>
      length > 1 ? [dtype] : [],
    ),
  );
  expect([...new Set(dtypes)].sort()).toEqual(['float16', 'int64', 'uint8']);
  const products = [...quarter.scopes()].flatMap((scope) =>
    [...scope.nodes()].filter(({ op }) => op === 'MatMulNBits'),
  );
  const shared = products.filter((node) => node.input(1)!.graph !== node.graph && node.input(1)!.uses.length > 1);
  expect(shared.length).toBeGreaterThan(10);
  expect(new Set(shared.map((node) => node.int('accuracy_level', 0)))).toEqual(new Set([1]));
  const again = await quantizeFolder(at('half'), at('half-q4'), { verify: 'load', quantize: { preset: 'q4' } });
  expect(again.parts.map(({ from, file }) => [from, file])).toEqual([
    ['fp16', 'onnx/decoder_model_merged_q4f16.onnx'],
    ['fp16', 'onnx/encoder_model_q4f16.onnx'],
  ]);
  rmSync(at('half-q4'), { recursive: true });
  expect(
    tiedWeights(weightViews((await loadModel(at('half/onnx/decoder_model_merged_fp16.onnx'))).ir))[0]!.length,
  ).toBeGreaterThan(1);
  expect(readFileSync(at('in/onnx/decoder_model.onnx'))).toEqual(before);
  expect(readdirSync(root).sort()).toEqual(['fast', 'half', 'in', 'merged', 'q4', 'q4f16', 'q8']);
});

test('the written decoder writes: token by token, the cache carried, the same as all at once', async () => {
  const folder = await openModelFolder(at('merged'));
  expect(folder.warnings).toEqual([]);
  const encoder = await Session.open(at('merged/onnx/encoder_model.onnx'));
  const decoder = await Session.open(at('merged/onnx/decoder_model_merged.onnx'));
  const ids = (values: readonly number[]) => Tensor.fromNumbers('int64', [1, values.length], values);
  const attention_mask = ids([1, 1, 1, 1]);
  const { last_hidden_state: hidden } = await encoder.run({ input_ids: ids([5, 7, 11, 200]), attention_mask });
  const bool = (value: number) => Tensor.of('bool', [1], Uint8Array.of(value));
  const common = { encoder_attention_mask: attention_mask, encoder_hidden_states: hidden! };
  const tokens = [0, 17, 99, 4];
  const all = await decoder.run({ ...common, input_ids: ids(tokens), use_cache_branch: bool(0) });
  let outputs = await decoder.run({ ...common, input_ids: ids(tokens.slice(0, 1)), use_cache_branch: bool(0) });
  const cross = Object.fromEntries(
    Object.entries(outputs).flatMap(([name, tensor]) =>
      name.includes('.encoder.') ? [[name.replace('present', 'past_key_values'), tensor]] : [],
    ),
  );
  for (const token of tokens.slice(1)) {
    const own = Object.fromEntries(
      Object.entries(outputs).flatMap(([name, tensor]) =>
        name.includes('.decoder.') ? [[name.replace('present', 'past_key_values'), tensor]] : [],
      ),
    );
    outputs = await decoder.run({ ...common, ...cross, ...own, input_ids: ids([token]), use_cache_branch: bool(1) });
  }
  const last = all['logits']!.toFloat32().subarray(-300);
  const found = outputs['logits']!.toFloat32();
  // Sums of 64 products of size 7, in another order: 64 * 7 * 2^-24.
  expect(Math.max(...found.map((value, i) => Math.abs(value - last[i]!)))).toBeLessThan(64 * 7 * 2 ** -24);
  await encoder.dispose();
  await decoder.dispose();
});

test('a table stored twice is stored once: the report says so, the outputs stay', async () => {
  const g = new GraphBuilder('lm');
  const table = Float32Array.from({ length: 64 * 16 }, (_, i) => Math.sin(i * 1.3));
  const columns = Float32Array.from(table, (_, i) => table[(i % 64) * 16 + Math.floor(i / 64)]!);
  const h = g.op('Gather', [g.weight('table', [64, 16], table), g.input('input_ids', 'int64', ['n', 's'])]);
  g.output(g.op('MatMul', [h, g.weight('columns', [16, 64], columns)], {}, { name: 'lm_head' }), 'logits', 'float32', [
    'n',
    's',
    64,
  ]);
  mkdirSync(at('lm/onnx'), { recursive: true });
  writeFileSync(at('lm/config.json'), '{"model_type":"gpt2"}');
  await saveModel(g.model(), at('lm/onnx/model.onnx'));
  const { parts } = await optimizeFolder(at('lm'), at('lm-tied'));
  expect(parts[0]).toMatchObject({
    warnings: ['lm_head: reads table, of which it had a copy (columns)'],
    verification: { maxAbsError: 0 },
  });
  expect(parts[0]!.bytes.ratio).toBeGreaterThan(1.8);
  await optimizeFolder(at('lm'), at('lm-copy'), { passes: 'none' });
  expect(readFileSync(at('lm-copy/onnx/model.onnx'))).toEqual(readFileSync(at('lm/onnx/model.onnx')));
  for (const name of ['lm', 'lm-tied', 'lm-copy']) rmSync(at(name), { recursive: true });
});

test('a decoder with a cache and a language model, with external data: optimised, their states kept, their data named anew', async () => {
  const { encoder, decoder } = encoderDecoder({ layers: 2, width: 32, heads: 2, vocabulary: 100, context: 32 });
  mkdirSync(at('zoo/onnx'), { recursive: true });
  writeFileSync(at('zoo/config.json'), '{"model_type":"custom"}');
  await saveModel(encoder, at('zoo/onnx/encoder_model.onnx'), { externalData: 'always' });
  await saveModel(decoder, at('zoo/onnx/decoder_model_merged.onnx'), { externalData: 'always' });
  await saveModel((await loadModel(TINY_LM)).ir, at('zoo/onnx/model.onnx'));
  const { parts, warnings } = await optimizeFolder(at('zoo'), at('zoo-fast'));
  expect(warnings).toEqual([expect.stringContaining('use_external_data_format')]);
  expect(
    parts.map(({ name, dataFiles, verification }) => [name, dataFiles, verification!.maxAbsError! < 1e-4]),
  ).toEqual([
    ['decoder_model_merged', ['onnx/decoder_model_merged.onnx_data'], true],
    ['encoder_model', ['onnx/encoder_model.onnx_data'], true],
    ['model', [], true],
  ]);
  // One call that goes on from a cache, one that begins.
  expect(parts[0]!.verification!.samples).toBe(2);
  const found = await inspectFolder(at('zoo-fast'));
  expect(found.warnings).toEqual([]);
  expect(found.parts[0]!.state).toEqual(
    Object.fromEntries(
      [0, 1].flatMap((i) => ['key', 'value'].map((kind) => [`past.${i}.${kind}`, `present.${i}.${kind}`])),
    ),
  );
  for (const name of ['zoo', 'zoo-fast']) rmSync(at(name), { recursive: true });
});

test.each([
  ['static mode', () => quantizeFolder(at('in'), at('out'), { quantize: { mode: 'static' } }), 'ERR_OPTION'],
  ['a variant there is not', () => optimizeFolder(at('in'), at('out'), { variant: 'q4' }), 'ERR_FOLDER_PART'],
  ['decoders that are merged', () => convertFolder(at('merged'), at('out'), { mergeDecoders: true }), 'ERR_OPTION'],
  [
    'quantizing what is quantized',
    () => quantizeFolder(at('q4'), at('out'), { quantize: { mode: 'dynamic' } }),
    'ERR_OPTION',
  ],
  ['the input as output', () => optimizeFolder(at('in'), at('in'), { force: true }), 'ERR_OUTPUT_PATH'],
  ['an output that is there', () => optimizeFolder(at('in'), at('q8')), 'ERR_OUTPUT_EXISTS'],
])('%s: refused, nothing written', async (_, call, code) => {
  const before = readdirSync(root).sort();
  await expect(call()).rejects.toMatchObject({ code });
  expect(readdirSync(root).sort()).toEqual(before);
});

test('an abort between parts leaves nothing', async () => {
  const abort = new AbortController();
  const call = optimizeFolder(at('in'), at('out'), {
    verify: 'none',
    signal: abort.signal,
    onProgress: ({ stage }) => stage.startsWith('decoder_with_past') && abort.abort(),
  });
  await expect(call).rejects.toThrow();
  expect(readdirSync(root)).not.toContain('out');
  expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('float16 back to float32: the variant without a suffix; of others refused', async () => {
  const { parts, warnings } = await convertFolder(at('half'), at('single'), { float32: true });
  expect(warnings).toEqual([]);
  expect(onnxFiles('single')).toEqual(['decoder_model_merged.onnx', 'encoder_model.onnx']);
  for (const { name, from, dtype, verification } of parts) {
    expect([name, from, dtype]).toEqual([name, 'fp16', 'fp32']);
    // ONNX Runtime has float16 kernels for some operators: their roundings are all that differs.
    expect(verification!.sqnrDb).toBeGreaterThan(50);
  }
  await expect(convertFolder(at('merged'), at('none'), { float32: true })).rejects.toMatchObject({
    code: 'ERR_OPTION',
  });
});

test('an opset that ONNX Runtime does not open yet is proved without it, and a warning says so', async () => {
  const { parts } = await convertFolder(at('in'), at('newest'), { opset: 28 });
  expect(parts).toHaveLength(3);
  for (const { verification, warnings } of parts) {
    expect(verification).toMatchObject({ loads: false, maxAbsError: 0 });
    expect([...warnings, ...(verification?.warnings ?? [])].join()).toMatch(/opset 28/);
  }
});
