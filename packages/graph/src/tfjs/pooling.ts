import type { Emitter } from './emitter.js';
import { channelsFirstOperand, type Operand } from './operand.js';
import { spatialDims } from './convolution.js';
import { checkWindow, type Window, windowAttributes } from './window.js';

/** Max or average pooling; the average counts no padding, as in TF.js. */
export function pooling(e: Emitter, kind: 'max' | 'average', x: Operand, window: Window): Operand {
  checkWindow(e, window);
  const op = kind === 'max' ? 'MaxPool' : 'AveragePool';
  const attributes = windowAttributes(window, spatialDims(e, x));
  return channelsFirstOperand(e.op(op, [e.channelsFirst(x)], attributes));
}
