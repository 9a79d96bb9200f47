import type { Value } from '@gossamer/graph';
import { defineGradient, type GradientCall } from './gradient-rule.js';
import { unbroadcast } from './unbroadcast.js';

/** The one number that a constant exponent holds in all its elements. */
function exponentOf(value: Value): number | undefined {
  const data = value.constant?.toFloat64();
  const [first] = data ?? [];
  return first !== undefined && data!.every((item) => item === first) ? first : undefined;
}

/** dy * b * a^(b - 1), in few operations for the exponents that occur; 0 for b = 0, also at a = 0. */
function byConstantExponent({ g, x, y, dy }: GradientCall, exponent: number): Value | undefined {
  if (exponent === 0) return undefined;
  if (exponent === 1) return dy;
  if (exponent === 0.5) return g.div(g.scale(dy, 0.5), y);
  if (exponent === -1) return g.neg(g.mul(dy, g.mul(y, y)));
  const power = exponent === 2 ? x : g.op('Pow', [x, g.constant(exponent - 1, g.dtype(x))]);
  return g.mul(g.scale(dy, exponent), power);
}

/**
 * y = a^b. By a: b a^(b-1), 0 where b is 0. By b: y log a, 0 where a is 0 and b at least 0, NaN where a is negative: as PyTorch has them.
 */
export const powGradient = defineGradient({
  op: 'Pow',
  gradient(call) {
    const { g, inputs, y, dy, needs } = call;
    const [a, given] = [inputs[0]!, inputs[1]!];
    const constant = exponentOf(given);
    if (constant !== undefined && !needs(1)) {
      const da = byConstantExponent(call, constant);
      return [da && unbroadcast(g, da, g.shape(a))];
    }
    const dtype = g.dtype(a);
    const [zero, one] = [g.constant(0, dtype), g.constant(1, dtype)];
    const b = g.cast(given, dtype);
    const da = () => g.mul(dy, g.where(g.op('Equal', [b, zero]), zero, g.mul(b, g.op('Pow', [a, g.sub(b, one)]))));
    const db = () => {
      const flat = g.op('And', [g.op('Equal', [a, zero]), g.op('GreaterOrEqual', [b, zero])]);
      return g.cast(g.where(flat, zero, g.mul(dy, g.mul(y, g.op('Log', [a])))), g.dtype(given));
    };
    return [
      needs(0) ? unbroadcast(g, da(), g.shape(a)) : undefined,
      needs(1) ? unbroadcast(g, db(), g.shape(given)) : undefined,
    ];
  },
});
