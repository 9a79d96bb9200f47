import type { Value } from '@gossamer/graph';
import type { Emitter } from '../../emit/emitter.js';
import { extentOf } from '../../emit/window.js';
import { type Convolution, product } from '../convolution.js';
import { flipped } from './flipped.js';
import { transposed } from './transposed.js';

/** Emits the gradient of a convolution's input. */
type InputFormulation = (g: Emitter, dy: Value, w: Value, problem: Convolution) => Value;

/**
 * The flipped convolution computes a product for every element of x and tap, the transposed one for every element of dy and tap, but scatters
 * its results. Where there are as many of both, flipped is faster, 1.7 times if depthwise; where x is larger it is not, or slower.
 * ONNX Runtime 1.30, one thread of a Zen 5, ms, flipped and transposed: x [128,16,28,28] by 3 x 3, padded, 6.8 and 8.2; [32,96,14,14] depthwise
 * by 5 x 5, padded, 3.9 and 6.3; not padded: [32,32,28,28] by 3 x 3 4.6 and 3.4; [128,20,12,12] by 5 x 5 12 and 3.3.
 */
export function chooseInputFormulation(problem: Convolution): InputFormulation {
  const canFlip = problem.strides.every(
    (stride, axis) =>
      stride === 1 &&
      problem.padsBegin[axis]! < extentOf(problem, axis) &&
      problem.padsEnd[axis]! < extentOf(problem, axis),
  );
  const isCheap = product(problem.input) <= product(problem.output);
  return canFlip && isCheap ? flipped : transposed;
}
