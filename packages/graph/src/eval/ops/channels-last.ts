import type { EvalTensor } from '../eval-value.js';
import type { KernelCall } from '../kernel.js';
import { permute } from '../strided.js';

/**
 * Runs an operator of x [n, c, spatial..] over an x of [n, spatial.., c], and gives its result in that form, where the node's attribute
 * channels_last is 1 (or `always`).
 */
export function channelsLast(
  call: KernelCall,
  x: EvalTensor,
  run: (x: EvalTensor) => EvalTensor,
  always = false,
): EvalTensor {
  if (!always && call.node.int('channels_last', 0) !== 1) return run(x);
  const last = x.dims.length - 1;
  const spatial = x.dims.map((_, axis) => axis).slice(1, -1);
  const y = run(permute(call, x, [0, last, ...spatial]));
  return permute(call, y, [0, ...spatial.map((axis) => axis + 1), 1]);
}
