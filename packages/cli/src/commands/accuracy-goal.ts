import { type AccuracyGoal, createMetric } from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import type { CommandContext } from '../command-context.js';
import { openSource } from './open-source.js';

/** What --accuracy METRIC:MAXDROP and --eval-data say; undefined without them. Throws ERR_OPTION. */
export async function accuracyGoal(
  flags: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<AccuracyGoal | undefined> {
  const [text, spec] = [flags['accuracy'] as string | undefined, flags['evalData'] as string | undefined];
  if (text === undefined && spec === undefined) return undefined;
  const [, name, drop] = /^([^:]+):(\d*\.?\d+(?:e-?\d+)?)$/.exec(text ?? '') ?? [];
  if (name === undefined) {
    throw new GossamerError(
      'ERR_OPTION',
      `--accuracy: expected METRIC:MAXDROP, e.g. top1:0.005, received ${text ?? 'none'}`,
    );
  }
  if (spec === undefined)
    throw new GossamerError('ERR_OPTION', '--eval-data: expected data with labels for --accuracy, received none');
  createMetric(name);
  return { metric: () => createMetric(name), maxDrop: Number(drop), data: await openSource(spec, flags, context) };
}
