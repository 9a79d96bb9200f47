import { dorefa } from './dorefa.js';
import { qsgd } from './qsgd.js';
import { sign } from './sign.js';

/** Every quantizer of gradients, by name. */
export const GRADIENT_QUANTIZERS = { qsgd, dorefa, sign } as const;

export type GradientQuantizerName = keyof typeof GRADIENT_QUANTIZERS;
