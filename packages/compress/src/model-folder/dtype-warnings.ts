import { type ModelFolder, runnerConfig } from '@gossamer/graph/folder';
import type { PartResult } from './folder-result.js';

type Config = Readonly<Record<string, unknown>>;

const at = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Config)[key] : undefined;

/** Where config.json asks transformers.js for other variants than were written, or promises other caches. */
export function dtypeWarnings({ config }: ModelFolder, parts: readonly PartResult[]): string[] {
  const runner = runnerConfig(config);
  const [dtype] = new Set(parts.map((part) => part.dtype));
  const asked = parts.filter(({ name, dtype: written }) => {
    const wanted = typeof runner['dtype'] === 'string' ? runner['dtype'] : at(runner['dtype'], name);
    return typeof wanted === 'string' && wanted !== written && wanted !== 'auto';
  });
  const isHalfCache =
    parts.some((part) => part.from !== part.dtype) && at(runner['kv_cache_dtype'], dtype ?? '') === 'float16';
  return [
    ...(asked.length > 0
      ? [`config.json asks for another dtype than was written: open the folder with dtype: '${dtype}'`]
      : []),
    ...(isHalfCache
      ? [
          `config.json says that caches of ${dtype} are float16 (kv_cache_dtype, read by transformers.js 3): they are float32 here`,
        ]
      : []),
  ];
}
