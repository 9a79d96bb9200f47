import type { Verification } from '@gossamer/runtime';
import type { SavableModel } from './savable-model.js';

/**
 * Outputs further from the input model's than this are worth a warning: at 20 dB the noise has a tenth of the signal's amplitude. It is
 * what keepFloat 'auto' aims at by default.
 */
export const LOW_SQNR_DB = 20;

const OF_QUANTIZATION =
  "keep what loses most in float: keepFloat 'auto' (--keep-float auto) in static mode, else exclude layers";

/** Integer kernels for convolutions, products and LSTMs. */
const PRODUCT_KERNELS = [
  'QLinearConv',
  'ConvInteger',
  'QGemm',
  'QLinearMatMul',
  'MatMulInteger',
  'MatMulIntegerToFloat',
  'DynamicQuantizeMatMul',
  'DynamicQuantizeLSTM',
] as const;

/** What the proof of a file found that its maker should know. */
export function gateWarnings(model: SavableModel, verification: Verification, hasData: boolean): string[] {
  return [...lossWarning(model, verification, hasData), ...kernelWarning(model, verification)];
}

function lossWarning({ scheme }: SavableModel, { sqnrDb }: Verification, hasData: boolean): string[] {
  if (sqnrDb === undefined || !(sqnrDb < LOW_SQNR_DB)) return [];
  const measured = `outputs are ${sqnrDb.toFixed(1)} dB from the input model's, under ${LOW_SQNR_DB} dB`;
  const { remedy: advice = OF_QUANTIZATION } = scheme ?? {};
  if (hasData) return [`${measured}; ${advice}`];
  if (scheme?.isCalibrated)
    return [`${measured}, on random inputs, which leave the calibrated ranges: give the gate data`];
  return [`${measured}, on random inputs, which say little: measure on real ones (data, --data); ${advice}`];
}

/** ONNX Runtime decides by itself what it fuses, and not alike on every CPU. */
function kernelWarning({ scheme }: SavableModel, { fusedKernels }: Verification): string[] {
  const integerProducts = scheme?.integerProducts ?? 0;
  const fused = PRODUCT_KERNELS.reduce((sum, kernel) => sum + (fusedKernels[kernel] ?? 0), 0);
  if (fused >= integerProducts) return [];
  const missing = integerProducts - fused;
  return [
    `${missing} of the ${integerProducts} layers written for integer kernels run in float in ONNX Runtime on this machine`,
  ];
}
