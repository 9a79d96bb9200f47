import { evaluate } from '@gossamer/compress';
import type { CommandContext, CommandResult } from '../command-context.js';
import { openSource, workOptions } from './open-source.js';

/** gossamer evaluate MODEL --data D --metric M */
export async function run(
  model: string,
  flags: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<CommandResult> {
  const data = await openSource(flags['data'] as string, flags, context);
  const result = await evaluate(model, { ...workOptions(flags, context), data, metric: flags['metric'] as string });
  const { metric, value, samples, seconds } = result;
  return {
    json: { ...result },
    inputs: [model],
    text: [
      `${metric} ${value.toPrecision(6)} over ${samples} samples in ${seconds.toFixed(1)} s`,
      ...result.warnings.map((warning) => `warning: ${warning}`),
    ].join('\n'),
  };
}
