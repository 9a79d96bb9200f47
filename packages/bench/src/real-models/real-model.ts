import type { QuantizeOptions } from '@gossamer/compress';
import type { DataSource, Metric } from '@gossamer/runtime';

/** One way to make a model smaller. */
export interface Variant {
  readonly name: string;
  /** 'optimize': the graph optimisations alone. */
  readonly how: 'optimize' | QuantizeOptions;
}

/** A real model with the data that calibrates and judges it. */
export interface RealModel {
  readonly name: string;
  readonly path: string;
  /** What it is judged on and what calibrates it, for people. */
  readonly samples: string;
  readonly calibration: DataSource;
  readonly test: DataSource;
  /** Fresh metrics for one run over the test data; the float model is the reference of those that need one. */
  readonly metrics: () => Metric[];
  /** Samples fed at once. */
  readonly batchSize: number;
  readonly variants: readonly Variant[];
}

/** Static int8 with each calibrator that real models need. */
export const staticVariants: readonly Variant[] = [
  { name: 'static', how: { mode: 'static' } },
  { name: 'static, percentile', how: { mode: 'static', calibrator: 'percentile' } },
  { name: 'static, entropy', how: { mode: 'static', calibrator: 'entropy' } },
];

/** What needs no data. */
export const dataFreeVariants: readonly Variant[] = [
  { name: 'dynamic', how: { mode: 'dynamic' } },
  { name: 'weights int8', how: { mode: 'weight-only', bits: 8 } },
  { name: 'weights int4', how: { mode: 'weight-only', bits: 4, mapping: 'asymmetric', blockSize: 32 } },
];

/** Static int8 in which as few layers stay float as a metric on data of their own allows. */
export const ACCURACY_CONTROL = 'static, accuracy control';

/** Every mode. */
export const allVariants: readonly Variant[] = [
  { name: 'optimize', how: 'optimize' },
  ...staticVariants,
  ...dataFreeVariants,
];
