import { type DataSource, openData, type OpenDataOptions } from '@gossamer/compress';
import type { CommandContext } from '../command-context.js';
import { parseBindings } from '../parse-bindings.js';

/** Opens `--data` with what the other options say about it. */
export async function openSource(
  spec: string,
  flags: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<DataSource> {
  const options: OpenDataOptions = {
    seed: context.options.seed,
    bindings: parseBindings(flags['bind'] as string | undefined),
    ...(flags['preprocess'] === undefined ? {} : { preprocess: flags['preprocess'] as string }),
    ...(flags['limit'] === undefined ? {} : { limit: flags['limit'] as number }),
  };
  return openData(spec, options);
}

/** The options every measuring call takes from the command line. */
export function workOptions(flags: Readonly<Record<string, unknown>>, context: CommandContext) {
  const { threads } = context.options;
  return {
    signal: context.signal,
    onProgress: context.onProgress,
    ...(threads === undefined ? {} : { threads }),
    ...(flags['engine'] === undefined ? {} : { engine: flags['engine'] as string }),
    ...(flags['batchSize'] === undefined ? {} : { batchSize: flags['batchSize'] as number }),
  };
}
