import { Tensor } from '@gossamer/graph';
import { dataFromArrays } from './array-source.js';
import { batchSize } from './batch-size.js';
import type { BatchOptions } from './data-source.js';
import { openData } from './open-data.js';

test('a fixed batch wins over what was asked for, and 1 is the default', () => {
  expect([batchSize({}, undefined), batchSize({ batchSize: 3 }, undefined), batchSize({ batchSize: 3 }, 4)]).toEqual([
    1, 3, 4,
  ]);
});

describe('batches of no samples, which would never end, are refused', () => {
  const sources = {
    arrays: async () => dataFromArrays({ x: Tensor.of('float32', [2, 3], new Float32Array(6)) }),
    random: async () => openData('random:2'),
  };
  const inputs = (batch: number | string) => [{ name: 'x', dtype: 'float32', shape: [batch, 3] }] as const;

  it.each(['arrays', 'random'] as const)('by %s', async (kind) => {
    const first = async (request: BatchOptions) => {
      for await (const batch of (await sources[kind]()).batches(request)) return batch.count;
      return 0;
    };
    for (const size of [0, -1, NaN, 1.5]) {
      const request = { batchSize: size, inputs: inputs('n') };
      await expect(first(request)).rejects.toMatchObject({ code: 'ERR_OPTION' });
    }
    await expect(first({ inputs: inputs(0) })).rejects.toMatchObject({ code: 'ERR_DATA_INPUTS' });
  });
});
