import type { Dim } from '../ir/dim.js';
import type { Attributes, Emitter } from './emitter.js';

/** Zeros around an image: as TensorFlow says it, or [begin, end] per spatial axis. */
export type Padding = 'same' | 'valid' | readonly (readonly [number, number])[];

/** A window that slides over spatial axes. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: Padding;
}

/**
 * ONNX attributes of a window over `spatial` (the image's spatial dims). SAME becomes explicit pads where they are known: always at
 * stride 1, else where the dims are numbers; otherwise `auto_pad`, which means the same.
 * Source: TensorFlow, "nn.convolution", notes on padding: total = max((ceil(in / stride) - 1) * stride + window - in, 0), the odd one last.
 */
export function windowAttributes(window: Window, spatial: readonly Dim[]): Attributes {
  const { kernel, strides, dilations, padding } = window;
  const base: Record<string, string | readonly number[]> = { kernel_shape: kernel, strides };
  if (dilations.some((dilation) => dilation !== 1)) base['dilations'] = dilations;
  if (padding === 'valid') return base;
  const pads =
    padding === 'same'
      ? kernel.map((size, axis) => samePads((size - 1) * dilations[axis]! + 1, strides[axis]!, spatial[axis]))
      : padding;
  if (pads.some((pair) => pair === undefined)) return { ...base, auto_pad: 'SAME_UPPER' };
  const known = pads as readonly (readonly [number, number])[];
  return { ...base, pads: [...known.map(([begin]) => begin), ...known.map(([, end]) => end)] };
}

function samePads(window: number, stride: number, dim: Dim): readonly [number, number] | undefined {
  let total = window - 1;
  if (stride > 1) {
    if (typeof dim !== 'number') return window <= 1 ? [0, 0] : undefined;
    total = Math.max((Math.ceil(dim / stride) - 1) * stride + window - dim, 0);
  }
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

/** Checks a window's sizes, which come from a file. */
export function checkWindow(e: Emitter, { kernel, strides, dilations }: Window): void {
  const isPositive = (value: number) => Number.isInteger(value) && value > 0 && value < 2 ** 31;
  for (const [what, values] of Object.entries({ kernel, strides, dilations })) {
    if (values.length !== kernel.length || !values.every(isPositive)) {
      throw e.error(what, `${kernel.length} integers > 0`, `[${values.join(', ')}]`);
    }
  }
}
