import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tensor } from '../ir/tensor.js';
import { rejectionCode } from '../testing/error-code.js';
import { useTempDir } from '../testing/temp-dir.js';
import { loadSafetensors, saveSafetensors } from './index.js';

const folder = useTempDir();
const of = (...values: number[]) => Tensor.of('float32', [values.length], Float32Array.from(values));
const INDEX = 'model.safetensors.index.json';

/** Two files of tensors, `a` and `b` in the first, `c` in the second. */
async function save(index: unknown, name = INDEX): Promise<string> {
  await saveSafetensors(join(folder(), 'one.safetensors'), {
    tensors: new Map([
      ['a', of(1)],
      ['b', of(2)],
    ]),
    metadata: new Map([['format', 'pt']]),
  });
  await saveSafetensors(join(folder(), 'two.safetensors'), { tensors: new Map([['c', of(3, 4)]]) });
  const path = join(folder(), name);
  writeFileSync(path, typeof index === 'string' ? index : JSON.stringify(index));
  return path;
}

const MAP = { c: 'two.safetensors', a: 'one.safetensors' };

describe('a sharded checkpoint', () => {
  it('is read by its index or its folder; what the map does not name is left out', async () => {
    const path = await save({
      metadata: { total_size: 12, deep: [{ x: [null, -1.5e3, true, '}"'] }] },
      weight_map: MAP,
    });
    for (const given of [path, folder()]) {
      const { tensors, metadata, close } = await loadSafetensors(given);
      expect([...tensors.keys()]).toEqual(['c', 'a']);
      expect([...tensors.get('c')!.toFloat32()]).toEqual([3, 4]);
      expect([...metadata]).toEqual([]);
      close();
      expect(() => tensors.get('a')!.bytes()).toThrow();
    }
  });

  it('a folder with one file, and one without', async () => {
    await saveSafetensors(join(folder(), 'weights.safetensors'), { tensors: new Map([['a', of(1)]]) });
    expect((await loadSafetensors(folder())).tensors.size).toBe(1);
    mkdirSync(join(folder(), 'empty'));
    expect(await rejectionCode(loadSafetensors(join(folder(), 'empty')))).toBe('ERR_FILE_NOT_FOUND');
    await saveSafetensors(join(folder(), 'others.safetensors'), { tensors: new Map([['a', of(1)]]) });
    expect(await rejectionCode(loadSafetensors(folder()))).toBe('ERR_FILE_NOT_FOUND');
  });

  it.each<[string, unknown, string]>([
    ['no map', {}, 'ERR_SAFETENSORS_INDEX'],
    ['two maps', '{"weight_map":{},"weight_map":{}}', 'ERR_SAFETENSORS_INDEX'],
    ['a name twice', '{"weight_map":{"a":"one.safetensors","a":"one.safetensors"}}', 'ERR_DUPLICATE_NAME'],
    ['a tensor that its file lacks', { weight_map: { c: 'one.safetensors' } }, 'ERR_SAFETENSORS_INDEX'],
    ['a name of objects', { weight_map: { constructor: 'one.safetensors' } }, 'ERR_SAFETENSORS_INDEX'],
    ['a file that is not there', { weight_map: { a: 'three.safetensors' } }, 'ERR_FILE_NOT_FOUND'],
    ['a path out of the folder', { weight_map: { a: '../one.safetensors' } }, 'ERR_EXTERNAL_PATH'],
    ['an absolute path', { weight_map: { a: '/etc/passwd' } }, 'ERR_EXTERNAL_PATH'],
    ['a URL', { weight_map: { a: 'https://example.org/x' } }, 'ERR_EXTERNAL_PATH'],
    ['the index itself', { weight_map: { a: INDEX } }, 'ERR_EXTERNAL_PATH'],
    ['a file that is none', { weight_map: { a: 'other.json' } }, 'ERR_NOT_SAFETENSORS'],
    ['a number for a file', { weight_map: { a: 7 } }, 'ERR_SAFETENSORS_HEADER'],
    ['a list', '[]', 'ERR_SAFETENSORS_HEADER'],
    ['nothing', '', 'ERR_SAFETENSORS_HEADER'],
    ['unbalanced brackets', '{"metadata":[}],"weight_map":{}}', 'ERR_SAFETENSORS_HEADER'],
    ['an end in the middle', '{"metadata":{"a":[1,', 'ERR_SAFETENSORS_HEADER'],
    ['text behind it', '{"weight_map":{}} {}', 'ERR_SAFETENSORS_HEADER'],
    ['a million brackets', `{"metadata":${'['.repeat(1_000_000)}`, 'ERR_SAFETENSORS_HEADER'],
  ])('refuses %s', async (_, index, code) => {
    const path = await save(index);
    writeFileSync(join(folder(), 'other.json'), '<html>no weights here</html>');
    expect(await rejectionCode(loadSafetensors(path))).toBe(code);
  });

  it('budgets of entries and bytes, and links in untrusted mode', async () => {
    const path = await save({ weight_map: { ...MAP, a: 'link.safetensors' } });
    symlinkSync('one.safetensors', join(folder(), 'link.safetensors'));
    expect((await loadSafetensors(path)).tensors.size).toBe(2);
    expect(await rejectionCode(loadSafetensors(path, { trust: 'untrusted' }))).toBe('ERR_EXTERNAL_PATH');
    expect(await rejectionCode(loadSafetensors(path, { limits: { maxEntries: 1 } }))).toBe('ERR_ENTRY_BUDGET');
    expect(await rejectionCode(loadSafetensors(path, { limits: { maxHeaderBytes: 20 } }))).toBe(
      'ERR_SAFETENSORS_INDEX',
    );
  });
});
