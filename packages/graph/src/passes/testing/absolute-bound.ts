import { evaluate } from '../../eval/evaluate.js';
import type { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';

/**
 * `share` times what `original` gives for absolute values of its inputs and float32 parameters, in float64: the bracket of a bound over
 * sums. Parameters whose name starts with `mean` or `minus` are subtracted: they are taken negative.
 */
export function absoluteBound(
  original: Model,
  feeds: Readonly<Record<string, Tensor>>,
  share: number,
): Record<string, Tensor> {
  const positive = original.clone();
  for (const scope of positive.graph.scopes()) {
    for (const value of scope.initializers()) {
      const sign = /^(mean|minus)/.test(value.name) ? -1 : 1;
      if (value.initializer!.dtype !== 'float32') continue;
      scope.setInitializer(
        value,
        mapFloats(value.initializer!, (v) => sign * Math.abs(v)),
      );
    }
  }
  const absolute = Object.entries(feeds).map(([name, tensor]) => [name, mapFloats(tensor, Math.abs)] as const);
  const sums = evaluate(positive, Object.fromEntries(absolute), { precision: 'float64' });
  return Object.fromEntries(
    Object.entries(sums).map(([name, tensor]) => {
      const scaled = tensor.toFloat64().map((v) => v * share);
      return [name, Tensor.of('float64', tensor.dims, scaled)] as const;
    }),
  );
}

/** Float32 data changed one by one. */
export const mapFloats = (tensor: Tensor, change: (value: number) => number): Tensor =>
  Tensor.of('float32', tensor.dims, tensor.toFloat32().map(change));
