import { defineLowering } from './lowering.js';

/** A MaxPool whose window is the whole map: one gradient serves both. */
export const globalMaxPoolLowering = defineLowering({
  op: 'GlobalMaxPool',
  lower: (g, _, [x]) => [g.op('MaxPool', [x], { kernel_shape: g.shape(x!).slice(2) })],
});
