import type { Session } from '@gossamer/runtime';

const SHOWN = 5;

/** What an engine that shares a model out leaves to ONNX Runtime, and why: one line, or none. */
export function engineWarnings({ report }: Session): string[] {
  if (!report) return [];
  const count = (engine: string) =>
    report.segments.filter((segment) => segment.engine === engine).reduce((sum, { nodes }) => sum + nodes.length, 0);
  const left = count('ort');
  if (left === 0) return [];
  const reasons = [...new Set(report.reasons.map(({ operator, reason }) => `${operator} (${reason})`))];
  const more = reasons.length > SHOWN ? `, and ${reasons.length - SHOWN} other reasons` : '';
  return [
    `${left} of ${left + count('native')} nodes run in ONNX Runtime: ${reasons.slice(0, SHOWN).join(', ')}${more}`,
  ];
}
