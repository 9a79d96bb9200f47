import { requireName } from '../require-option.js';
import { dorefa, type DorefaOptions } from './dorefa.js';
import type { GradientQuantizer } from './gradient-quantizer.js';
import { qsgd, type QsgdOptions } from './qsgd.js';
import { sign } from './sign.js';

/** Every quantizer of gradients, by name. */
export const GRADIENT_QUANTIZERS = { qsgd, dorefa, sign } as const;

export type GradientQuantizerName = keyof typeof GRADIENT_QUANTIZERS;

/** A quantizer of gradients, by its name, with its options. */
export type GradientQuantizerChoice =
  ({ readonly kind: 'qsgd' } & QsgdOptions) | ({ readonly kind: 'dorefa' } & DorefaOptions) | { readonly kind: 'sign' };

/** Makes a quantizer of gradients; throws ERR_TRAIN_OPTIONS naming those there are. */
export function createGradientQuantizer({ kind, ...options }: GradientQuantizerChoice): GradientQuantizer {
  const registry: Readonly<Record<string, (options: object) => GradientQuantizer>> = GRADIENT_QUANTIZERS;
  return requireName('gradientQuantization', registry, kind)!(options);
}
