import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileOf } from '../testing/gsm-of.js';
import { TENSOR_FORMS } from '../tensors/registry.js';
import { readOutside } from './decode-model.js';
import { openGsm } from './open-gsm.js';

const FOLDER = join(__dirname, '../../fixtures');
const SUMS = JSON.parse(readFileSync(join(FOLDER, 'sha256.json'), 'utf8')) as Record<
  string,
  { model: string; beside: string[] }
>;

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('golden files of format 1', () => {
  it.each(Object.keys(SUMS).flatMap((name) => [[name, 'native'] as const, [name, 'typescript'] as const]))(
    '%s decodes to what it was made of: %s',
    (name, engine) => {
      const gsm = openGsm(join(FOLDER, name), {}, engine);
      expect(gsm.engine).toBe(engine);
      expect(sha256(fileOf(gsm))).toBe(SUMS[name]!.model);
      expect(gsm.outside.map((_, i) => sha256(readOutside(gsm, i)))).toEqual(SUMS[name]!.beside);
      gsm.close();
    },
  );

  it('hold every form, as a stream and behind a skeleton', () => {
    const streams = new Set<string>();
    const inline = new Set<string>();
    for (const name of Object.keys(SUMS)) {
      const gsm = openGsm(join(FOLDER, name));
      for (const { index, encodedBytes } of gsm.tensors) (encodedBytes > 0 ? streams : inline).add(gsm.form(index));
    }
    const names = TENSOR_FORMS.map((form) => form.name);
    expect([...streams].sort()).toEqual([...names, 'copy'].sort());
    expect([...inline].sort()).toEqual(names.filter((form) => form !== 'blocks').sort());
  });
});
