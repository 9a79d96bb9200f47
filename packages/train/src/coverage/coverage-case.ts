import type { Model } from '@gossamer/graph';
import type { TrainingFormOptions } from '../form/training-form.js';

/** A model that is put through training, and what its inputs are. */
export interface CoverageCase {
  readonly name: string;
  build(): Model | Promise<Model>;
  /** Sizes and roles. Default: as the file says. */
  readonly form?: TrainingFormOptions;
  /** Integer inputs are drawn from 0 to below this number. Default 2. */
  readonly integers?: number;
  /** Inputs that are not drawn: their one value. Default: none. */
  readonly fixed?: Readonly<Record<string, number>>;
  /** Numbers are drawn from minus this to this. Default 1. */
  readonly range?: number;
  /** Step of Adam. Default 1e-3. */
  readonly learningRate?: number;
}
