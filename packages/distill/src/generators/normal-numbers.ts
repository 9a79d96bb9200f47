import { fillUniform } from '@gossamer/train';

/** Fills `out` with normal numbers (Box and Muller), a function of (seed, stream, step) alone: a step that is resumed sees the same. */
export function fillNormal(out: Float32Array, seed: number, stream: number, step: number): void {
  const uniform = new Float32Array(2 * Math.ceil(out.length / 2));
  fillUniform(uniform, seed, stream, step);
  for (let i = 0; i < out.length; i += 2) {
    // In (0, 1]: the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform[i]!));
    const angle = 2 * Math.PI * uniform[i + 1]!;
    out[i] = radius * Math.cos(angle);
    if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle);
  }
}
