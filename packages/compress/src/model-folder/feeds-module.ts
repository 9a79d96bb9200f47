import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Feeds } from './cache-feeds.js';

/** How JavaScript holds the elements of a dtype. */
const ARRAYS: Readonly<Record<string, string>> = {
  float32: 'Float32Array',
  float64: 'Float64Array',
  float16: 'Uint16Array',
  bfloat16: 'Uint16Array',
  int8: 'Int8Array',
  uint8: 'Uint8Array',
  bool: 'Uint8Array',
  int16: 'Int16Array',
  uint16: 'Uint16Array',
  int32: 'Int32Array',
  uint32: 'Uint32Array',
  int64: 'BigInt64Array',
  uint64: 'BigUint64Array',
};

/** Runs `work` with the path of a module that exports these samples, which the gate's child process imports. The module is removed afterwards. */
export async function withFeedsModule<T>(samples: readonly Feeds[], work: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-feeds-'));
  try {
    const path = join(folder, 'feeds.mjs');
    await writeFile(path, moduleText(samples));
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function moduleText(samples: readonly Feeds[]): string {
  const batches = samples.map((feeds) => {
    const entries = Object.entries(feeds).map(([name, tensor]) => {
      const base64 = Buffer.from(tensor.bytes()).toString('base64');
      const { dtype, dims } = tensor;
      const data = `new ${ARRAYS[dtype] ?? 'Uint8Array'}(bytes(${JSON.stringify(base64)}))`;
      return `${JSON.stringify(name)}: { dtype: '${dtype}', dims: ${JSON.stringify(dims)}, data: ${data} }`;
    });
    return `{ count: 1, feeds: { ${entries.join(', ')} } }`;
  });
  const decode = "const bytes = (text) => Uint8Array.from(Buffer.from(text, 'base64')).buffer;";
  return `${decode}\nexport default [${batches.join(',\n')}];\n`;
}
