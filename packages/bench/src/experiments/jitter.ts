import { type AugmentContext, type BatchArrays, fillUniform, streamOf } from '@gossamer/train';

const SIDE = 28;
const STREAM = streamOf('jitter');

/** Moves each image of `input` [n, 28 x 28] by up to `reach` pixels down and across, each offset alike; what comes in is 0. */
export function jitter(reach: number): (batch: BatchArrays, context: AugmentContext) => void {
  const moved = new Float32Array(SIDE * SIDE);
  return (batch, { seed, step }) => {
    const images = batch['input'] as Float32Array;
    const count = images.length / moved.length;
    const draws = new Float32Array(2 * count);
    fillUniform(draws, seed, STREAM, step);
    for (let i = 0; i < count; i++) {
      const image = images.subarray(i * moved.length, (i + 1) * moved.length);
      const offset = (u: number) => Math.floor(u * (2 * reach + 1)) - reach;
      shift(image, moved, offset(draws[2 * i]!), offset(draws[2 * i + 1]!));
      image.set(moved);
    }
  };
}

function shift(from: Float32Array, to: Float32Array, down: number, across: number): void {
  to.fill(0);
  for (let row = Math.max(0, down); row < Math.min(SIDE, SIDE + down); row++) {
    const line = (row - down) * SIDE;
    const [start, end] = [Math.max(0, -across), Math.min(SIDE, SIDE - across)];
    to.set(from.subarray(line + start, line + end), row * SIDE + start + across);
  }
}
