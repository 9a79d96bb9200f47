import { defineGradient, type GradientCall } from './gradient-rule.js';
import { throughSilu } from './silu.js';
import { unbroadcast } from './unbroadcast.js';
import type { Value } from '@gossamer/graph';

/** Gradients of a binary operator with broadcasting, from those of the broadcast operands. */
function binary(op: string, parts: (call: GradientCall, a: Value, b: Value) => readonly [() => Value, () => Value]) {
  return defineGradient({
    op,
    gradient(call) {
      const [a, b] = [call.inputs[0]!, call.inputs[1]!];
      return parts(call, a, b).map((part, i) =>
        call.needs(i) ? unbroadcast(call.g, part(), call.g.shape(call.inputs[i]!)) : undefined,
      );
    },
  });
}

export const addGradient = binary('Add', ({ dy }) => [() => dy, () => dy]);

export const subGradient = binary('Sub', ({ g, dy }) => [() => dy, () => g.neg(dy)]);

const product = binary('Mul', ({ g, dy }, a, b) => [() => g.mul(dy, b), () => g.mul(dy, a)]);

export const mulGradient = defineGradient({
  op: 'Mul',
  gradient: (call) => throughSilu(call) ?? product.gradient(call),
});

/** d(a/b) = da / b - (a/b) db / b. */
export const divGradient = binary('Div', ({ g, dy, y }, _, b) => [
  () => g.div(dy, b),
  () => g.neg(g.div(g.mul(dy, y), b)),
]);
