import type { Value } from '@gossamer/graph';
import type { GradientCall } from './gradient-rule.js';

/**
 * The gradients of x * sigmoid(x), a product of two values that both come from x, as one ActivationGrad by x: all of it flows through the slot of x,
 * none through that of the sigmoid. Undefined for any other product, and where the gradient by the sigmoid is asked for itself.
 */
export function throughSilu({ g, inputs, dy, isWanted }: GradientCall): readonly (Value | undefined)[] | undefined {
  for (const [slot, gate] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const [x, producer] = [inputs[slot], inputs[gate]!.producer];
    if (!producer?.isStandard('Sigmoid') || producer.inputs[0] !== x || isWanted(gate)) continue;
    const [dx] = g.call('ActivationGrad', [dy, x], { activation: 'silu' });
    return slot === 0 ? [dx, undefined] : [undefined, dx];
  }
  return undefined;
}
