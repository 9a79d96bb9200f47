import type { CompressionResult } from '@gossamer/compress';
import { formatBytes, formatSqnr, formatTable, plain } from '../console-text.js';

/** What became of a model that was quantized, its layers grouped by reason unless `verbose`. */
export function describe(report: CompressionResult, verbose: boolean): string {
  const { bytes, layers, verification, warnings } = report;
  const lines = [
    `${plain(report.output)}: ${formatBytes(bytes.before)} -> ${formatBytes(bytes.after)} (${bytes.ratio.toFixed(2)}x smaller)`,
  ];
  const counts = new Map<string, number>();
  for (const { action } of layers) counts.set(action, (counts.get(action) ?? 0) + 1);
  lines.push(`layers: ${Array.from(counts, ([action, count]) => `${count} ${action}`).join(', ')}`);
  if (verification) {
    const kernels = Object.entries(verification.fusedKernels).map(([op, count]) => `${count} ${op}`);
    lines.push(`ONNX Runtime: ${kernels.length > 0 ? kernels.join(', ') : 'no integer kernel'}`);
    if (verification.sqnrDb !== undefined) {
      lines.push(`against the input: ${formatSqnr(verification.sqnrDb)}, largest error ${verification.maxAbsError}`);
    }
  }
  lines.push('', verbose ? everyLayer(layers) : grouped(layers));
  lines.push(...warnings.map((warning) => `warning: ${plain(warning)}`));
  return lines.join('\n');
}

function everyLayer(layers: CompressionResult['layers']): string {
  const rows = layers.map(({ name, op, action, reason }) => [name, op, action, reason]);
  return formatTable(['layer', 'op', 'action', 'reason'], rows);
}

/** Layers that were treated alike for one reason, in one row, with the first as an example. */
function grouped(layers: CompressionResult['layers']): string {
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
