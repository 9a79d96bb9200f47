import type { PruneReport } from './prune-report.js';

/** What zeros, or smaller shapes, need to be worth something. Measured: docs/kernels.md (`sparse_i8`, `sparse_f32`). */
export function pruneHints({ pattern, elements, sparsity }: Omit<PruneReport, 'hints' | 'warnings'>): string[] {
  const hints: string[] = [];
  if (sparsity.after > sparsity.before) {
    hints.push(
      'bytes: an ONNX file stores zeros as it stores any number; gossamer encode (or an output that ends in .gsm) keeps where they are and not them; gossamer convert --initializers sparse does so within ONNX, less well',
      `time: ONNX Runtime multiplies zeros; the native engine (--engine native) leaves them out${ofPattern(pattern, sparsity.after)}`,
      'later stages: gossamer finetune keeps zeros with --preserve zeros; quantization keeps those of pruned weights',
    );
  }
  if (elements.after < elements.before) {
    hints.push(
      'bytes and time: the layers are smaller in every engine, ONNX Runtime included; gossamer compare measures it',
    );
  }
  return hints;
}

/** Below these shares of zeros the sparse kernels gain little: 1.1x at 50 % in float32. */
const WORTHWHILE = 0.6;

function ofPattern(pattern: string, sparsity: number): string {
  const [, most, group] = /^(?:max)?(\d+):(\d+)$/.exec(pattern) ?? [];
  const isBalanced = group !== undefined && 64 % Number(group) === 0 && !pattern.startsWith('max');
  if (isBalanced && Number(most) / Number(group) <= 1 / 4)
    return ', and in int8 (gossamer quantize) this pattern is among its fastest';
  if (sparsity < WORTHWHILE) return ', which gains little below 60 % zeros';
  return ', in float32 and, on CPUs with AVX-512 VBMI or NEON, in int8';
}
