import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { openData } from '@gossamer/runtime';
import { crc32, writeNpz } from './write-npz.js';

describe('writeNpz', () => {
  it('has the check value of CRC-32', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  });

  it('writes what the product reads', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gossamer-npz-'));
    try {
      const path = join(folder, 'samples.npz');
      writeNpz(path, {
        x: Tensor.of('float32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
        ids: Tensor.of('int64', [2], BigInt64Array.of(7n, 8n)),
      });
      const data = await openData(`npz:${path}`);
      const inputs = [
        { name: 'x', dtype: 'float32' as const, shape: ['n', 3] },
        { name: 'ids', dtype: 'int64' as const, shape: ['n'] },
      ];
      const seen: number[][] = [];
      for await (const { feeds } of data.batches({ inputs })) {
        seen.push([...feeds['x']!.toFloat32(), Number(feeds['ids']!.toFloat64()[0])]);
      }
      expect(seen).toEqual([
        [1, 2, 3, 7],
        [4, 5, 6, 8],
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
