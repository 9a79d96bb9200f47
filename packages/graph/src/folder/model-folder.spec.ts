import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tensor } from '../ir/tensor.js';
import { isOutside, loadModel, saveModel } from '../onnx/index.js';
import { tensorsOf } from '../onnx/tensors-of.js';
import { rejectionCode } from '../testing/error-code.js';
import { useTempDir } from '../testing/temp-dir.js';
import { tiedWeights, weightViews } from '../weights/index.js';
import { encoderDecoder, translator } from '../zoo/index.js';
import { loadFolderPart } from './load-part.js';
import { openModelFolder } from './open-model-folder.js';
import { saveModelFolder } from './save-model-folder.js';

const CONFIG = translator().config;

const directory = useTempDir();
const at = (...names: string[]) => join(directory(), ...names);

function write(path: string, text: string | Buffer = '{}'): void {
  mkdirSync(at('in', ...path.split('/').slice(0, -1)), { recursive: true });
  writeFileSync(at('in', path), text);
}

/** The translator as optimum and transformers.js lay it out, at `in`. */
async function prepare(config: object = CONFIG): Promise<void> {
  write('config.json', JSON.stringify(config));
  write('onnx/quantize_config.json', '{"per_channel": true}');
  write('tokenizer.json', '{"version":"1.0"}\r\n');
  write('tokenizer_config.json');
  write('generation_config.json');
  write('voices/a.bin', Buffer.alloc(2000, 7));
  const { encoder, decoder, withPast } = translator();
  await saveModel(encoder, at('in/onnx/encoder_model.onnx'));
  await saveModel(encoder, at('in/onnx/encoder_model_fp16.onnx'));
  await saveModel(decoder, at('in/onnx/decoder_model.onnx'));
  await saveModel(withPast, at('in/onnx/decoder_with_past_model.onnx'));
}

const files = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();

describe('openModelFolder', () => {
  test('names parts, their roles and variants, and what goes along', async () => {
    await prepare();
    const folder = await openModelFolder(at('in'));
    expect(folder.modelDirectory).toBe('onnx/');
    const parts = folder.parts.map(({ name, role, variants }) => [name, role, variants.map(({ dtype }) => dtype)]);
    expect(parts).toEqual([
      ['decoder_model', 'decoder', ['fp32']],
      ['decoder_with_past_model', 'decoder-with-past', ['fp32']],
      ['encoder_model', 'encoder', ['fp32', 'fp16']],
    ]);
    expect(folder.companions.map(({ path, kind }) => [path, kind])).toEqual([
      ['config.json', 'config'],
      ['generation_config.json', 'generation-config'],
      ['onnx/quantize_config.json', 'quantize-config'],
      ['tokenizer.json', 'tokenizer'],
      ['tokenizer_config.json', 'tokenizer'],
      ['voices/a.bin', 'other'],
    ]);
    expect(folder.config['model_type']).toBe('t5');
    expect(folder.warnings).toEqual([
      'decoder_model and decoder_with_past_model: transformers.js opens decoder_model_merged; merge them',
      'variant fp16: expected of every part, decoder_model, decoder_with_past_model has none',
    ]);
  });

  test('the longest suffix is the variant; other suffixes, other frameworks and hidden files are left out', async () => {
    write('config.json');
    const { encoder } = translator();
    for (const name of [
      'model',
      'model_q4',
      'model_q4f16',
      'model_quantized',
      'model_bnb4',
      'model_O2',
      'model_qint8_avx512',
    ]) {
      mkdirSync(at('in/onnx'), { recursive: true });
      await saveModel(encoder, at(`in/onnx/${name}.onnx`));
    }
    await saveModel(encoder, at('in/model.onnx'));
    for (const name of ['model.safetensors', 'pytorch_model.bin', '.gitattributes']) write(name);
    write('.git/config');
    const folder = await openModelFolder(at('in'));
    expect(folder.parts).toHaveLength(1);
    const [{ variants }] = folder.parts as [(typeof folder.parts)[0]];
    expect(variants.map(({ dtype, file }) => [dtype, file])).toEqual([
      ['fp32', 'onnx/model.onnx'],
      ['bnb4', 'onnx/model_bnb4.onnx'],
      ['q4', 'onnx/model_q4.onnx'],
      ['q4f16', 'onnx/model_q4f16.onnx'],
      ['q8', 'onnx/model_quantized.onnx'],
    ]);
    expect(folder.companions.map(({ path }) => path)).toEqual(['config.json']);
    expect(folder.warnings).toEqual([
      'left out, a model outside onnx/: model.onnx',
      'left out, weights of another framework: model.safetensors, pytorch_model.bin',
      'left out, a variant that transformers.js has no name for: onnx/model_O2.onnx, onnx/model_qint8_avx512.onnx',
    ]);
  });

  test('data files belong to their model by name, or by what the model says', async () => {
    write(
      'config.json',
      JSON.stringify({ 'transformers.js_config': { use_external_data_format: { 'model.onnx': 1 } } }),
    );
    mkdirSync(at('in/onnx'));
    const { encoder } = translator();
    await saveModel(encoder, at('in/onnx/model.onnx'), { externalData: 'always', dataNames: 'layout' });
    await saveModel(encoder, at('in/onnx/other.onnx'), { externalData: 'always' });
    const folder = await openModelFolder(at('in'));
    const [model, other] = folder.parts.map(({ variants }) => variants[0]!);
    expect(model!.dataFiles).toEqual(['onnx/model.onnx_data']);
    expect(other!.dataFiles).toEqual([expect.stringMatching(/^onnx\/other\.onnx\.[0-9a-f]{16}\.data$/)]);
    expect(folder.companions.map(({ path }) => path)).toEqual(['config.json']);
    expect(folder.warnings).toEqual([
      'onnx/other.onnx: config.json promises 0 data files (use_external_data_format), 1 are there',
    ]);
  });

  test.each([
    ['a path with nothing there', () => undefined],
    ['a file', () => writeFileSync(at('in'), '')],
    ['no model', () => write('config.json')],
    ['no config.json', () => write('onnx/model.onnx')],
    ['a config.json that is no JSON', () => [write('onnx/model.onnx'), write('config.json', '{')]],
    ['a config.json that is a list', () => [write('onnx/model.onnx'), write('config.json', '[]')]],
    ['a config.json that is a folder', () => [write('onnx/model.onnx'), write('config.json/x')]],
    [
      'a link that leads nowhere',
      () => [write('onnx/model.onnx'), write('config.json'), symlinkSync('gone', at('in/a'))],
    ],
    ['a link to a folder', () => [write('onnx/model.onnx'), write('config.json'), symlinkSync('.', at('in/a'))]],
    ['folders without end', () => [write(`${'a/'.repeat(20)}b`), write('onnx/model.onnx'), write('config.json')]],
  ])('%s: refused', async (_, arrange) => {
    arrange();
    expect(await rejectionCode(openModelFolder(at('in')))).toBe('ERR_MODEL_FOLDER');
  });

  test('untrusted: no links of any kind, no odd names; trusted: files may be links, as in the Hugging Face cache', async () => {
    await prepare();
    const open = () => rejectionCode(openModelFolder(at('in'), { trust: 'untrusted' }));
    await openModelFolder(at('in'), { trust: 'untrusted' });
    writeFileSync(at('blob'), 'text');
    symlinkSync(at('blob'), at('in/vocab.txt'));
    expect(await open()).toBe('ERR_MODEL_FOLDER');
    const trusted = await openModelFolder(at('in'));
    expect(trusted.companions).toContainEqual({ path: 'vocab.txt', kind: 'tokenizer', bytes: 4 });
    await saveModelFolder(trusted, at('out'), { parts: [{ name: 'model', model: translator().encoder }] });
    expect(readFileSync(at('out/vocab.txt'), 'utf8')).toBe('text');
  });

  test('untrusted: a hard link and a line break in a name are refused', async () => {
    await prepare();
    writeFileSync(at('secret'), 'text');
    linkSync(at('secret'), at('in/vocab.txt'));
    expect(await rejectionCode(openModelFolder(at('in'), { trust: 'untrusted' }))).toBe('ERR_MODEL_FOLDER');
    await openModelFolder(at('in'));
  });

  test('a link put in place of a file after it was opened is not followed when untrusted', async () => {
    await prepare();
    const folder = await openModelFolder(at('in'), { trust: 'untrusted' });
    writeFileSync(at('secret'), 'text');
    writeFileSync(at('in/swap'), '');
    symlinkSync(at('secret'), at('in/late'));
    const late = { ...folder, companions: [...folder.companions, { path: 'late', kind: 'other', bytes: 4 } as const] };
    const save = saveModelFolder(late, at('out'), { parts: [{ name: 'model', model: translator().encoder }] });
    expect(await rejectionCode(save)).toMatch(/^ERR_/);
    expect(readdirSync(directory()).sort()).toEqual(['in', 'secret']);
  });
});

describe('loadFolderPart', () => {
  test('states the caches of a decoder, with past or merged; the others have none', async () => {
    await prepare();
    const folder = await openModelFolder(at('in'));
    const decoder = await loadFolderPart(folder, 'decoder_with_past_model');
    expect(decoder.graph.state.map(({ input, output, init }) => [input.name, output.name, init])).toEqual(
      [0, 1].flatMap((i) =>
        ['key', 'value'].map((kind) => [
          `past_key_values.${i}.decoder.${kind}`,
          `present.${i}.decoder.${kind}`,
          undefined,
        ]),
      ),
    );
    expect((await loadFolderPart(folder, 'decoder_model')).graph.state).toEqual([]);
    expect(await rejectionCode(loadFolderPart(folder, 'decoder_model', 'q4'))).toBe('ERR_FOLDER_PART');
    expect(await rejectionCode(loadFolderPart(folder, 'decoder_model_merged'))).toBe('ERR_FOLDER_PART');
  });

  test('a cache of known sizes starts as zeros, empty along open axes', async () => {
    write('config.json');
    mkdirSync(at('in/onnx'));
    const { decoder } = encoderDecoder({ layers: 1, width: 8, heads: 2, vocabulary: 16, context: 8 });
    const { graph } = decoder;
    for (const kind of ['key', 'value']) {
      const value = graph.value(`past.0.${kind}`)!;
      const type = value.type!;
      if (type.kind === 'tensor') graph.setType(value, { ...type, shape: [1, ...type.shape!.slice(1)] });
    }
    await saveModel(decoder, at('in/onnx/model.onnx'));
    const model = await loadFolderPart(await openModelFolder(at('in')), 'model');
    expect(model.graph.state.map(({ input, init }) => [input.name, init!.dims, init!.dtype])).toEqual([
      ['past.0.key', [1, 2, 0, 4], 'float32'],
      ['past.0.value', [1, 2, 0, 4], 'float32'],
    ]);
  });

  test('a hostile model is refused as it is alone', async () => {
    write('config.json');
    write('onnx/model.onnx', Buffer.from('no model at all'));
    const folder = await openModelFolder(at('in'), { trust: 'untrusted' });
    expect(await rejectionCode(loadFolderPart(folder, 'model'))).toMatch(/^ERR_/);
  });
});

describe('saveModelFolder', () => {
  test('models in onnx/ under the names of the layout, companions byte for byte', async () => {
    await prepare();
    const folder = await openModelFolder(at('in'));
    const encoder = await loadFolderPart(folder, 'encoder_model');
    const saved = await saveModelFolder(folder, at('out'), {
      parts: [
        { name: 'encoder_model', dtype: 'q4f16', model: encoder },
        { name: 'decoder_model_merged', dtype: 'q8', model: await loadFolderPart(folder, 'decoder_model') },
      ],
    });
    expect(saved.parts.map(({ file }) => file)).toEqual([
      'onnx/encoder_model_q4f16.onnx',
      'onnx/decoder_model_merged_quantized.onnx',
    ]);
    expect(saved.warnings).toEqual([]);
    const companions = folder.companions.map(({ path }) => path);
    expect(files(at('out'))).toEqual([...companions, ...saved.parts.map(({ file }) => file)].sort());
    for (const path of companions) expect(readFileSync(at('out', path))).toEqual(readFileSync(at('in', path)));
    expect(readdirSync(directory()).sort()).toEqual(['in', 'out']);
    // Written, it is a folder again; and the model is the one it was, byte for byte.
    const again = await openModelFolder(at('out'));
    expect(again.parts.map(({ name, variants }) => [name, variants[0]!.dtype])).toEqual([
      ['decoder_model_merged', 'q8'],
      ['encoder_model', 'q4f16'],
    ]);
    expect(readFileSync(at('out', saved.parts[0]!.file))).toEqual(readFileSync(at('in/onnx/encoder_model.onnx')));
  });

  test('external data have the names that transformers.js looks for, in files of at most so many bytes; config.json promises them', async () => {
    await prepare({ ...CONFIG, 'transformers.js_config': { use_external_data_format: true, dtype: 'q8' } });
    const folder = await openModelFolder(at('in'));
    const { encoder, decoder } = translator();
    const saved = await saveModelFolder(folder, at('out'), {
      parts: [
        { name: 'encoder_model', model: encoder },
        { name: 'decoder_model', dtype: 'fp16', model: decoder },
      ],
      externalData: 'always',
      maxDataBytes: 5000,
    });
    const data = saved.parts[0]!.dataFiles;
    expect(data).toEqual(
      ['onnx/encoder_model.onnx_data', 'onnx/encoder_model.onnx_data_1', 'onnx/encoder_model.onnx_data_2'].slice(
        0,
        data.length,
      ),
    );
    expect(data.length).toBeGreaterThan(1);
    expect(saved.warnings).toEqual([expect.stringContaining('use_external_data_format')]);
    const again = await openModelFolder(at('out'));
    expect(again.config).toEqual({
      ...CONFIG,
      'transformers.js_config': {
        dtype: 'q8',
        use_external_data_format: {
          'encoder_model.onnx': data.length,
          'decoder_model_fp16.onnx': saved.parts[1]!.dataFiles.length,
        },
      },
    });
    expect(again.warnings.filter((warning) => warning.includes('promises'))).toEqual([]);
    const read = await loadFolderPart(again, 'encoder_model');
    for (const value of encoder.graph.initializers()) {
      expect(read.graph.value(value.name)!.initializer!.hash()).toBe(value.initializer!.hash());
    }
    expect([...tensorsOf(read)].filter(isOutside).length).toBeGreaterThan(2);
    // Unedited, it is copied: model and data byte for byte.
    await saveModelFolder(again, at('copy'), { parts: [{ name: 'encoder_model', model: read }] });
    for (const path of ['onnx/encoder_model.onnx', ...data]) {
      expect(readFileSync(at('copy', path))).toEqual(readFileSync(at('out', path)));
    }
  });

  test('data named by their content get the names of the layout', async () => {
    await prepare();
    await saveModel(translator().encoder, at('in/onnx/encoder_model_q4.onnx'), { externalData: 'always' });
    const folder = await openModelFolder(at('in'));
    const model = await loadFolderPart(folder, 'encoder_model', 'q4');
    const { parts } = await saveModelFolder(folder, at('out'), {
      parts: [{ name: 'encoder_model', dtype: 'q4', model }],
    });
    expect(parts[0]!.dataFiles).toEqual(['onnx/encoder_model_q4.onnx_data']);
    expect(files(at('out')).filter((name) => name.includes('.data'))).toEqual([]);
  });

  test('tied weights are one tensor, in the folder and out of it again', async () => {
    await prepare();
    const folder = await openModelFolder(at('in'));
    const model = await loadFolderPart(folder, 'decoder_model');
    const ties = (of: typeof model) =>
      tiedWeights(weightViews(of)).map((group) => group.map(({ source }) => source.name));
    expect(ties(model)).toEqual([['shared.weight', 'shared.weight']]);
    model.graph.setInitializer(
      model.graph.value('shared.weight')!,
      Tensor.of('float32', [40, 16], new Float32Array(640)),
    );
    await saveModelFolder(folder, at('out'), { parts: [{ name: 'decoder_model', model }], externalData: 'always' });
    expect(ties(await loadModel(at('out/onnx/decoder_model.onnx')))).toEqual([['shared.weight', 'shared.weight']]);
  });

  test.each([
    ['the input itself', 'in', true, 'ERR_OUTPUT_PATH'],
    ['a folder in the input', 'in/out', true, 'ERR_OUTPUT_PATH'],
    ['the folder of the input', '.', true, 'ERR_OUTPUT_PATH'],
    ['a folder in no folder', 'gone/out', false, 'ERR_OUTPUT_PATH'],
    ['a folder that exists', 'models', false, 'ERR_OUTPUT_EXISTS'],
    ['a folder that exists and holds no models', 'photos', true, 'ERR_OUTPUT_EXISTS'],
    ['a file', 'file', true, 'ERR_OUTPUT_EXISTS'],
  ])('onto %s: refused, nothing changed', async (_, destination, force, code) => {
    await prepare();
    const folder = await openModelFolder(at('in'));
    mkdirSync(at('models'));
    mkdirSync(at('photos'));
    writeFileSync(at('models/config.json'), '{}');
    writeFileSync(at('photos/a.jpg'), '');
    writeFileSync(at('file'), '');
    const before = files(directory());
    const parts = [{ name: 'encoder_model', model: translator().encoder }];
    expect(await rejectionCode(saveModelFolder(folder, at(destination), { parts, force }))).toBe(code);
    expect(files(directory())).toEqual(before);
  });

  test('force replaces a folder of models as a whole; an empty folder needs no force', async () => {
    await prepare();
    const folder = await openModelFolder(at('in'));
    mkdirSync(at('out'));
    const parts = [{ name: 'encoder_model', model: translator().encoder }];
    await saveModelFolder(folder, at('out'), { parts });
    writeFileSync(at('out/onnx/old.onnx'), '');
    await saveModelFolder(folder, at('out'), { parts, force: true });
    expect(files(at('out'))).not.toContain('onnx/old.onnx');
    expect(readdirSync(directory()).sort()).toEqual(['in', 'out']);
  });

  test('no part, one part twice, a name that is a path: refused', async () => {
    await prepare();
    const folder = await openModelFolder(at('in'));
    const part = { name: 'a', model: translator().encoder };
    for (const parts of [[], [part, part], [{ ...part, name: '../a' }]]) {
      expect(await rejectionCode(saveModelFolder(folder, at('out'), { parts }))).toBe('ERR_FOLDER_PART');
    }
  });

  test('an abort leaves nothing behind', async () => {
    await prepare();
    const folder = await openModelFolder(at('in'));
    const abort = new AbortController();
    const onProgress = () => abort.abort();
    const parts = [{ name: 'encoder_model', model: translator().encoder }];
    expect(await rejectionCode(saveModelFolder(folder, at('out'), { parts, signal: abort.signal, onProgress }))).toBe(
      'ERR_ABORTED',
    );
    expect(readdirSync(directory())).toEqual(['in']);
  });
});
