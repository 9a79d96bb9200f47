import { gptq } from './gptq.js';
import type { WeightAlgorithm } from './weight-algorithm.js';

/**
 * GPTQ that starts from the weights which, from the inputs that the quantized model gives, come nearest to the float layer's outputs: what the layers before did is made up
 * for, too. The float model runs beside the quantized one.
 *
 * Source: Li et al., "GPTAQ: Efficient Finetuning-Free Quantization for Asymmetric Calibration", ICML 2025 (arXiv:2504.02692).
 */
export const gptaq: WeightAlgorithm = { ...gptq, name: 'gptaq', followsFloat: true };
