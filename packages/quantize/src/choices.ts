/** Values of options, as users name them. */
export type QuantizeMode = 'static' | 'dynamic' | 'weight-only';
/** int8, uint8, int4, uint4; in weight-only mode any scheme: int2 to int8, int16, uint2 ..., nf4, fp4, float8e4m3fn, float16, codebook1 to 8, pot2 to 5, apot3 to 5. */
export type WeightDtype = 'int8' | 'uint8' | 'int4' | 'uint4' | (string & {});
export type ActivationDtype = 'uint8' | 'int8' | 'uint16' | 'int16';
export type Granularity = 'perAxis' | 'perTensor' | 'perBlock';
export type Mapping = 'symmetric' | 'asymmetric';
export type Calibrator = 'minmax' | 'percentile' | 'entropy' | 'mse' | 'octav';
export type QuantizePreset = 'q8' | 'int8' | 'uint8' | 'q4' | 'bnb4';
export type BlockSize = 16 | 32 | 64 | 128 | 256;

/** What a quantized model is for. */
export const TARGETS = [
  'onnxruntime',
  'onnxruntime-vnni',
  'cpu-without-vnni',
  'arm',
  'web',
  'webgpu',
  'native',
] as const;
export type Target = (typeof TARGETS)[number];

/** Names of the transformations of `equalize`, in the order in which they are applied. */
export const EQUALIZE_METHODS = ['rotate', 'cross-layer', 'absorb-bias', 'smooth', 'awq'] as const;
export type EqualizeMethod = (typeof EQUALIZE_METHODS)[number];
