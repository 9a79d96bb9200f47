import { Tensor } from '@gossamer/graph';
import { philox4x32 } from '@gossamer/runtime';

/** Random numbers of the draws are a stream of their own. */
const STREAM = 0x6669;

export interface ProbeOptions {
  readonly seed: number;
  /** Signs that were drawn before, of the same seed. */
  readonly offset: number;
}

/** Signs +-1, by a counter generator: the same for the same seed and offset. */
export function rademacher(count: number, { seed, offset }: ProbeOptions): Float32Array {
  const words = new Uint32Array(4);
  return Float32Array.from({ length: count }, (_, i) => {
    const draw = offset + i;
    philox4x32(words, Math.floor(draw / 4), 0, 0, STREAM, seed, 0);
    return words[draw % 4]! & 1 ? 1 : -1;
  });
}

/**
 * For scores z (classes along the last axis, p = softmax(z)) u = sqrt(p) eps - p sum(sqrt(p) eps) with eps = +-1: its covariance is diag(p) - p pᵀ, the Hessian of
 * KL(p || softmax(z')) by z' at z. Returns u in the shape of the scores.
 */
export function fisherProbe(scores: Tensor, options: ProbeOptions): Tensor {
  const z = scores.toFloat32();
  const classes = scores.dims.at(-1) ?? 1;
  const signs = rademacher(z.length, options);
  const u = new Float32Array(z.length);
  for (let at = 0; at < z.length; at += classes) {
    const own = z.subarray(at, at + classes);
    const top = Math.max(...own);
    const powers = own.map((score) => Math.exp(score - top));
    const total = powers.reduce((a, b) => a + b, 0);
    const roots = powers.map((power, c) => Math.sqrt(power / total) * signs[at + c]!);
    const sum = roots.reduce((a, b) => a + b, 0);
    roots.forEach((root, c) => (u[at + c] = root - (powers[c]! / total) * sum));
  }
  return Tensor.of('float32', scores.dims, u);
}
