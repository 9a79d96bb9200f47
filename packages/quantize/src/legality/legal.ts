import type { ActivationDtype, Granularity, QuantizeMode, Target } from '../choices.js';

/** Operators with weights; MatMul stands for Gemm too. */
export type LayerKind = 'MatMul' | 'Conv' | 'ConvTranspose' | 'LSTM' | 'GRU' | 'Gather';

/** Files say it in these forms: `format` in static mode, `blockFormat` in weight-only mode. */
export type LegalForm = 'qdq' | 'qoperator' | 'integer' | 'matmulnbits' | 'dequantize-linear';

/** Combinations, every value of each column with every one of the others, and how they run. */
export interface LegalRow {
  readonly targets: readonly Target[];
  readonly kinds: readonly LayerKind[];
  readonly mode: QuantizeMode;
  readonly forms: readonly LegalForm[];
  readonly weights: readonly string[];
  /** Float32 outside static mode. Dynamic mode measures uint8 ranges itself. */
  readonly activations: readonly (ActivationDtype | 'float32')[];
  readonly granularity: readonly Granularity[];
  /** 'codes': a kernel reads the codes. 'floats': they become floats, at the latest when it runs. */
  readonly runs: 'codes' | 'floats';
}

/** ONNX Runtime's CPU provider, the same operators on all of them. */
const CPU = ['onnxruntime', 'onnxruntime-vnni', 'cpu-without-vnni', 'arm'] as const;
/** The same provider in WebAssembly. */
const ORT = [...CPU, 'web'] as const;
const ALL = [...ORT, 'webgpu', 'native'] as const;

const PRODUCTS = ['MatMul', 'Conv'] as const;
const EVERY = ['MatMul', 'Conv', 'ConvTranspose', 'LSTM', 'GRU', 'Gather'] as const;
const CHANNELS = ['perAxis', 'perTensor'] as const;
const ANYWHERE = ['perBlock', 'perAxis', 'perTensor'] as const;
const BYTES = ['int8', 'uint8'] as const;
const NIBBLES = ['int4', 'uint4'] as const;

const LEVELS = [
  ...[
    'int2',
    'uint2',
    'int3',
    'uint3',
    'int4',
    'uint4',
    'int5',
    'uint5',
    'int6',
    'uint6',
    'int7',
    'uint7',
    'int8',
    'uint8',
  ],
  ...['int16', 'uint16', 'nf4', 'fp4', 'float8e4m3fn', 'float8e5m2'],
  ...['codebook1', 'codebook2', 'codebook3', 'codebook4', 'codebook5', 'codebook6', 'codebook7', 'codebook8'],
  ...['pot2', 'pot3', 'pot4', 'pot5', 'apot3', 'apot4', 'apot5'],
] as const;

/**
 * What may be asked for. Rows of onnxruntime, its CPUs and the native engine are run by `legal.spec.ts`; those of web and webgpu are read from onnxruntime-web 1.30.0
 * (docs/webgpu-operators.md: of the operators here WebGPU has MatMulNBits, GatherBlockQuantized and DequantizeLinear) and not run. Layers whose kind has no row for a
 * combination are stored as codes, or left, and reported.
 */
export const LEGAL: readonly LegalRow[] = [
  {
    ...{ targets: [...ORT, 'native'], kinds: PRODUCTS, mode: 'static', forms: ['qdq', 'qoperator'] },
    ...{ weights: [...BYTES, ...NIBBLES], activations: ['uint8'], granularity: CHANNELS, runs: 'codes' },
  },
  {
    // ONNX Runtime makes uint8 of int8 activations on x64, in QDQ only; no kernel multiplies int8 by uint8.
    ...{ targets: [...ORT, 'native'], kinds: PRODUCTS, mode: 'static', forms: ['qdq', 'qoperator'] },
    ...{ weights: ['int8', 'int4'], activations: ['int8'], granularity: CHANNELS, runs: 'codes' },
  },
  {
    ...{ targets: [...ORT, 'native'], kinds: PRODUCTS, mode: 'static', forms: ['qdq'] },
    ...{ weights: [...BYTES, ...NIBBLES], activations: ['uint16', 'int16'], granularity: CHANNELS, runs: 'floats' },
  },
  {
    ...{ targets: [...ORT, 'native'], kinds: ['MatMul'], mode: 'dynamic', forms: ['integer'] },
    ...{ weights: BYTES, activations: ['float32'], granularity: CHANNELS, runs: 'codes' },
  },
  {
    ...{ targets: ORT, kinds: ['LSTM'], mode: 'dynamic', forms: ['integer'] },
    ...{ weights: BYTES, activations: ['float32'], granularity: CHANNELS, runs: 'codes' },
  },
  {
    ...{
      targets: [...ORT, 'native'],
      kinds: ['Conv', 'ConvTranspose', 'GRU', 'Gather'],
      mode: 'dynamic',
      forms: ['integer'],
    },
    ...{ weights: BYTES, activations: ['float32'], granularity: CHANNELS, runs: 'floats' },
  },
  {
    ...{ targets: ALL, kinds: ['MatMul', 'Gather'], mode: 'weight-only', forms: ['matmulnbits'] },
    ...{ weights: [...NIBBLES, ...BYTES], activations: ['float32'], granularity: ['perBlock'], runs: 'codes' },
  },
  {
    ...{ targets: [...ORT, 'native'], kinds: ['MatMul', 'Gather'], mode: 'weight-only', forms: ['matmulnbits'] },
    ...{ weights: ['int2', 'uint2'], activations: ['float32'], granularity: ['perBlock'], runs: 'codes' },
  },
  {
    ...{ targets: ORT, kinds: ['MatMul'], mode: 'weight-only', forms: ['matmulnbits'] },
    ...{ weights: ['nf4', 'fp4'], activations: ['float32'], granularity: ['perBlock'], runs: 'codes' },
  },
  {
    ...{ targets: ALL, kinds: ['MatMul'], mode: 'weight-only', forms: ['dequantize-linear'] },
    ...{ weights: [...NIBBLES, ...BYTES], activations: ['float32'], granularity: ['perBlock'], runs: 'codes' },
  },
  {
    ...{ targets: ALL, kinds: EVERY, mode: 'weight-only', forms: ['matmulnbits'] },
    ...{ weights: [...LEVELS, 'float16'], activations: ['float32'], granularity: ANYWHERE, runs: 'floats' },
  },
];
