import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantizeTfjs } from './quantize-tfjs.js';

const folder = mkdtempSync(join(tmpdir(), 'gossamer-quantize-tfjs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A Dense layer of 64 x 32 weights; `layer` names its class. */
function saved(layer: string): string {
  const config = {
    layers: [
      {
        class_name: layer,
        config: { name: 'd', units: 32, activation: 'linear', use_bias: true, batch_input_shape: [null, 64] },
      },
    ],
  };
  const weights = [
    { name: 'd/kernel', shape: [64, 32], dtype: 'float32' },
    { name: 'd/bias', shape: [32], dtype: 'float32' },
  ];
  const path = join(folder, `${layer}.json`);
  const document = {
    format: 'layers-model',
    modelTopology: { model_config: { class_name: 'Sequential', config } },
    weightsManifest: [{ paths: ['shard.bin'], weights }],
  };
  writeFileSync(path, JSON.stringify(document));
  const values = Float32Array.from({ length: 64 * 32 + 32 }, (_, i) => Math.sin(i * 1.3));
  writeFileSync(join(folder, 'shard.bin'), new Uint8Array(values.buffer));
  return path;
}

test('outputs are compared before the folder appears', async () => {
  const stages: string[] = [];
  const onProgress = ({ stage }: { stage: string }) => stages.push(stage);
  const output = join(folder, 'small');
  const result = await quantizeTfjs(saved('Dense'), output, { weights: 'uint8', onProgress });
  expect(result.verification).toMatchObject({ level: 'full', loads: true });
  // Each output is 64 products of inputs from a normal distribution, below 6, with weights off by half a step at most.
  expect(result.verification!.maxAbsError).toBeLessThan(64 * 6 * result.weights[0]!.maxAbsError!);
  expect(result.verification!.maxAbsError).toBeGreaterThan(0);
  expect(result.verification!.sqnrDb).toBeGreaterThan(40);
  expect(result.bytes.before / result.bytes.after).toBeGreaterThan(2.5);
  expect(result.files.written).toEqual(['model.json', 'group1-shard1of1.bin'].map((name) => join(output, name)));
  expect(readdirSync(output).sort()).toEqual(['group1-shard1of1.bin', 'model.json']);
  expect(stages).toContain('verify');
});

test('a model that cannot be imported is quantized all the same, and said to be uncompared', async () => {
  const result = await quantizeTfjs(saved('Peculiar'), join(folder, 'odd'), { weights: 'float16' });
  expect(result.weights[0]).toMatchObject({ name: 'd/kernel', action: 'quantized', storage: 'float16' });
  expect(result.verification).toBeUndefined();
  expect(result.warnings).toEqual([expect.stringMatching(/^outputs not compared: .*Peculiar/)]);
});

test('without a proof nothing is compared', async () => {
  const result = await quantizeTfjs(saved('Dense'), join(folder, 'fast'), { weights: 'uint16', verify: 'none' });
  expect(result).toMatchObject({ verification: undefined, warnings: [] });
});
