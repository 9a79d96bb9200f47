import { type Dataset, fillUniform, type SampleArray, streamOf } from '@gossamer/train';

const SIDE = 28;
const STREAM = streamOf('moved-digits');

/** How far copies of digits are moved. */
export interface Motion {
  /** Pixels down and across, at most. */
  readonly reach: number;
  /** Degrees, and hundredths of size and of shear, at most. */
  readonly turn: number;
}

/**
 * `digits`, and behind them `copies` - 1 times the same, each image moved, turned, sheared and resized at random (bilinear; what comes in is 0). A sample is the same whenever it is read, so that
 * what a teacher says of it can be kept. `input` is [28, 28] with any axes of 1.
 */
export function movedDigits(digits: Dataset, copies: number, { reach, turn }: Motion): Dataset {
  const arrays: ReadonlyMap<string, SampleArray> = digits.arrays;
  const draws = new Float32Array(5);
  const image = new Float32Array(SIDE * SIDE);
  return {
    length: copies * digits.length,
    arrays,
    read(indices, into) {
      digits.read(
        indices.map((index) => index % digits.length),
        into,
      );
      const input = into['input'] as Float32Array | undefined;
      if (!input) return;
      indices.forEach((index, row) => {
        if (index < digits.length) return;
        fillUniform(draws, 0, STREAM, index);
        const [a, b, c, d, e] = Array.from(draws, (u) => 2 * u - 1) as [number, number, number, number, number];
        const own = input.subarray(row * image.length, (row + 1) * image.length);
        const angle = (c * turn * Math.PI) / 180;
        const size = 1 + (d * turn) / 100;
        const [cos, sin] = [Math.cos(angle) / size, Math.sin(angle) / size];
        const shear = (e * turn) / 100;
        resample(
          own,
          image,
          [cos, sin + shear, -sin, cos],
          Math.round(a * (reach + 0.5)),
          Math.round(b * (reach + 0.5)),
        );
        own.set(image);
      });
    },
  };
}

/** Pixel (x, y) of `to` is that of `from` at the matrix times (x - across, y - down), from the middle. */
function resample(
  from: Float32Array,
  to: Float32Array,
  [xx, xy, yx, yy]: readonly [number, number, number, number],
  down: number,
  across: number,
): void {
  const middle = (SIDE - 1) / 2;
  for (let row = 0, at = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++, at++) {
      const [u, v] = [column - middle - across, row - middle - down];
      const [x, y] = [xx * u + xy * v + middle, yx * u + yy * v + middle];
      const [left, top] = [Math.floor(x), Math.floor(y)];
      if (left < 0 || left >= SIDE - 1 || top < 0 || top >= SIDE - 1) {
        to[at] = 0;
        continue;
      }
      const [right, low] = [x - left, y - top];
      const place = top * SIDE + left;
      const above = from[place]! * (1 - right) + from[place + 1]! * right;
      const below = from[place + SIDE]! * (1 - right) + from[place + SIDE + 1]! * right;
      to[at] = above * (1 - low) + below * low;
    }
  }
}
