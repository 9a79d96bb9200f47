import type { CompressionResult } from '@gossamer/compress';
import { formatBytes, formatSqnr, plain } from '../console-text.js';
import { groupedLayers } from './describe-file.js';

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
  lines.push('', groupedLayers(layers, verbose));
  lines.push(...warnings.map((warning) => `warning: ${plain(warning)}`));
  return lines.join('\n');
}
