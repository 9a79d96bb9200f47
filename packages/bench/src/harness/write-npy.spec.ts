import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import { npyBytes, writeSamples } from './write-npy.js';

describe('npyBytes', () => {
  it('spells shape and dtype as numpy does, data from a multiple of 64 on', () => {
    const bytes = npyBytes(Tensor.of('float32', [3], Float32Array.of(1, 2, 3)));
    const header = Buffer.from(bytes.subarray(0, 128)).toString('latin1');
    expect(header.slice(0, 8)).toBe('\x93NUMPY\x01\x00');
    expect(header.slice(10).trimEnd()).toBe("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }");
    // The header's length: what is left of 128 bytes behind magic, version and the length itself.
    expect(header.charCodeAt(8)).toBe(118);
    expect(Array.from(new Float32Array(Uint8Array.from(bytes.subarray(128)).buffer))).toEqual([1, 2, 3]);
  });

  it('writes scalars with an empty shape and refuses strings', () => {
    expect(Buffer.from(npyBytes(Tensor.scalar('int64', 5n))).toString('latin1')).toContain("'shape': ()");
    expect(() => npyBytes(Tensor.ofStrings([1], [Buffer.from('a')]))).toThrow(/expected float32/);
  });
});

describe('writeSamples', () => {
  it('writes one sample a row', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gossamer-npy-'));
    try {
      const data = dataFromArrays({ x: Tensor.of('float32', [3, 2], new Float32Array(6)) });
      const inputs = [{ name: 'x', dtype: 'float32' as const, shape: ['n', 2] }];
      expect(await writeSamples(data, inputs, folder, 2)).toBe(2);
      const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Record<string, string>[];
      expect(index).toEqual([{ x: '0-0.npy' }, { x: '1-0.npy' }]);
      expect(readFileSync(join(folder, '1-0.npy')).toString('latin1')).toContain("'shape': (1, 2)");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
