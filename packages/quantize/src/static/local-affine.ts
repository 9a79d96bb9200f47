import { roundHalfEven } from '@gossamer/graph';
export interface Range {
  readonly min: number;
  readonly max: number;
}
export function affineFromRange(range: Range, o: { quantMin: number; quantMax: number; mapping: string }) {
  const min = Math.min(0, range.min),
    max = Math.max(0, range.max);
  const scale = Math.fround((max - min) / (o.quantMax - o.quantMin)) || 1;
  return { scale, zeroPoint: Math.max(o.quantMin, Math.min(o.quantMax, roundHalfEven(o.quantMin - min / scale))) };
}
