import {
  type DataSource,
  type GateOptions,
  openData,
  type OpenDataOptions,
  type Requantization,
  type VerifyLevel,
} from '@gossamer/compress';
import type { CommandContext } from '../command-context.js';
import { parseBindings } from '../parse-bindings.js';

/** Opens `--data` with what the other options say about it. */
export async function openSource(
  spec: string,
  flags: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<DataSource> {
  return openData(spec, sourceOptions(flags, context));
}

function sourceOptions(flags: Readonly<Record<string, unknown>>, { options }: CommandContext): OpenDataOptions {
  return {
    seed: options.seed,
    bindings: parseBindings(flags['bind'] as string | undefined),
    ...(flags['preprocess'] === undefined ? {} : { preprocess: flags['preprocess'] as string }),
    ...(flags['limit'] === undefined ? {} : { limit: flags['limit'] as number }),
  };
}

/** How a command that writes a model has it proved: on the data it was given, read the same way. */
export function gateOptions(flags: Readonly<Record<string, unknown>>, context: CommandContext): GateOptions {
  const { force, threads } = context.options;
  const spec = flags['data'] as string | undefined;
  const externalData = flags['externalData'] as GateOptions['externalData'];
  return {
    verify: flags['verify'] as VerifyLevel,
    force,
    signal: context.signal,
    onProgress: context.onProgress,
    ...(externalData === undefined ? {} : { externalData }),
    ...(threads === undefined ? {} : { threads }),
    ...(spec === undefined ? {} : { data: { spec, options: sourceOptions(flags, context) } }),
  };
}

/** The options every measuring call takes from the command line. */
export function workOptions(flags: Readonly<Record<string, unknown>>, context: CommandContext) {
  const { threads } = context.options;
  return {
    signal: context.signal,
    onProgress: context.onProgress,
    ...(threads === undefined ? {} : { threads }),
    ...(flags['engine'] === undefined ? {} : { engine: flags['engine'] as string }),
    ...(flags['requantize'] === undefined ? {} : { requantize: flags['requantize'] as Requantization }),
    ...(flags['batchSize'] === undefined ? {} : { batchSize: flags['batchSize'] as number }),
  };
}
