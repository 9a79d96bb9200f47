import type { AccuracyResult, CompressionResult } from '@gossamer/compress';
import { formatBytes, formatSqnr, formatTable, plain } from '../console-text.js';

/** Lines about a file that was written: its bytes, how far its outputs are from the input's, what a metric came to. */
export function describeFile(
  report: Pick<CompressionResult, 'output' | 'bytes' | 'verification'> & { readonly accuracy?: AccuracyResult },
): string[] {
  const { output, bytes, verification, accuracy } = report;
  // A TF.js model has no bytes to compare with.
  const before = bytes.before > 0 ? `${formatBytes(bytes.before)} -> ` : '';
  const ratio = bytes.before > 0 ? ` (${bytes.ratio.toFixed(2)}x smaller)` : '';
  const lines = [`${plain(output)}: ${before}${formatBytes(bytes.after)}${ratio}`];
  if (verification?.sqnrDb !== undefined) {
    lines.push(`against the input: ${formatSqnr(verification.sqnrDb)}, largest error ${verification.maxAbsError}`);
  }
  if (accuracy) {
    const { metric, before: first, after, maxDrop, samples } = accuracy;
    lines.push(
      `${metric}: ${first.toPrecision(4)} -> ${after.toPrecision(4)} of ${samples} samples, may fall by ${maxDrop}`,
    );
  }
  return lines;
}

/** Layers that were treated alike for one reason, in one row, with the first as an example; each by itself where `verbose`. */
export function groupedLayers(layers: CompressionResult['layers'], verbose: boolean): string {
  if (verbose) {
    const rows = layers.map(({ name, op, action, reason }) => [name, op, action, reason]);
    return formatTable(['layer', 'op', 'action', 'reason'], rows);
  }
  const groups = new Map<string, { count: number; row: string[] }>();
  for (const { name, op, action, reason } of layers) {
    const key = [op, action, reason].join('\n');
    const group = groups.get(key) ?? { count: 0, row: [op, action, reason, name] };
    group.count++;
    groups.set(key, group);
  }
  const rows = Array.from(groups.values(), ({ count, row }) => [String(count), ...row]);
  return formatTable(['layers', 'op', 'action', 'reason', 'e.g.'], rows);
}
