import { attribute, type AttributeValue } from '@gossamer/graph';
import type { FixedPoint } from '../../fixed-point/fixed-point.js';

/** Factors as the engine's operators take them (docs/engine.md). */
export const fixedPointAttributes = (factors: readonly FixedPoint[]): Readonly<Record<string, AttributeValue>> => ({
  multipliers: attribute.ints(factors.map(({ multiplier }) => multiplier)),
  exponents: attribute.ints(factors.map(({ exponent }) => exponent)),
});
