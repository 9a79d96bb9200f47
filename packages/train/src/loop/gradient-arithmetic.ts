import { addInto, scaleInPlace } from '@gossamer/kernels';
import { hasAddon } from '../optimizers/has-addon.js';

type Arrays = readonly Float32Array[];

/** Arithmetic on all gradients at once, in place, rounded to float32 after every operation. */
export interface GradientArithmetic {
  /** targets[i] += sources[i]. */
  add(targets: Arrays, sources: Arrays): void;
  /** Every element times `factor`, as a float32. */
  scale(arrays: Arrays, factor: number): void;
}

export const nativeArithmetic: GradientArithmetic = { add: addInto, scale: scaleInPlace };

/** The same bits in plain TypeScript. */
export const portableArithmetic: GradientArithmetic = {
  add(targets, sources) {
    targets.forEach((target, i) => {
      const source = sources[i]!;
      for (let j = 0; j < target.length; j++) target[j]! += source[j]!;
    });
  },
  scale(arrays, factor) {
    const rounded = Math.fround(factor);
    for (const array of arrays) for (let i = 0; i < array.length; i++) array[i]! *= rounded;
  },
};

/** The kernels, or plain TypeScript where the addon is missing. */
export const chooseArithmetic = (): GradientArithmetic => (hasAddon() ? nativeArithmetic : portableArithmetic);
