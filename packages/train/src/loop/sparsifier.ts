/** A parameter as a sparsifier sees it: the arrays of the training itself, row-major in `shape`, to be changed in place. */
export interface SparseParameter {
  readonly shape: readonly number[];
  readonly weight: Float32Array;
  /** Of every weight, masked ones too; in units that are the same for all parameters of an update. */
  readonly gradient: Float32Array;
  /** 0: the weight is 0. */
  readonly mask: Uint8Array;
}

/** An update, and what it is made of. */
export interface SparsifyContext {
  /** From 0. */
  readonly step: number;
  /** Of how many. */
  readonly steps: number;
  readonly learningRate: number;
  readonly seed: number;
  /** By name, in the order of the sparsifier's `parameters`. */
  readonly parameters: ReadonlyMap<string, SparseParameter>;
}

/** Decides in the course of a training which weights are 0. It must go by its arguments alone: a training that is resumed has to take the same decisions. */
export interface Sparsifier {
  /** Names of the parameters that it masks. Their masks begin as `masks` has them, others with all 1. */
  readonly parameters: readonly string[];
  /** All that decides what it does, in short: a checkpoint of another one is refused. */
  readonly digest: string;
  /** False: the optimiser moves masked weights as well, and the sparsifier keeps what they are (see `state`) and sets them to 0 itself. Default true: they, and what the optimiser remembers of them, stay 0. */
  readonly freezes?: boolean;
  /** Between the gradients of an update and its step. */
  beforeStep?(context: SparsifyContext): void;
  /** Behind the step and the regularisers; `gradient` is what the step took. */
  afterStep?(context: SparsifyContext): void;
  /** Arrays that outlive an update, the same ones at every call, for parameters of these sizes; they go into checkpoints. Called before the first update, with its weights. */
  state?(parameters: ReadonlyMap<string, Omit<SparseParameter, 'gradient'>>): ReadonlyMap<string, Float32Array>;
}
