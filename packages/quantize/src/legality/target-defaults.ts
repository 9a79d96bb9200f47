import type { Target } from '../choices.js';
import type { QuantizeOptions } from '../options.js';

/** Defaults of a target, beside what was chosen already. */
export function targetDefaults(target: Target, chosen: QuantizeOptions): QuantizeOptions {
  const isStatic = chosen.mode === 'static' || (chosen.mode === undefined && chosen.data !== undefined);
  switch (target) {
    case 'cpu-without-vnni':
      if (chosen.mode === 'weight-only') return {};
      return { reduceRange: isStatic ? 'auto' : true };
    case 'arm':
      // Its kernels multiply int8 by int8.
      return isStatic && !chosen.weights?.startsWith('u') ? { activations: 'int8' } : {};
    case 'webgpu':
      // No other kernel there reads codes.
      return chosen.mode === undefined ? { mode: 'weight-only', ...(chosen.weights ? {} : { bits: 4 }) } : {};
    default:
      return {};
  }
}
