import type { Target } from '../choices.js';
import { type LayerKind, LEGAL } from './legal.js';

/** Whether the target has a kernel that reads codes of this kind in its mode: `weights` in blocks, or those that dynamic products read. */
export function codesOn(
  target: Target,
  kind: LayerKind,
  weights: string,
  mode: 'dynamic' | 'weight-only' = 'weight-only',
): boolean {
  return LEGAL.some(
    (row) =>
      row.mode === mode &&
      row.runs === 'codes' &&
      !row.forms.includes('dequantize-linear') &&
      row.targets.includes(target) &&
      row.kinds.includes(kind) &&
      row.weights.includes(weights),
  );
}
