import type { WeightView } from '@gossamer/graph';

/** A layer's weight, to be cut. Rows are output features; columns as toWeightMatrix has them. */
export interface LayerProblem {
  readonly view: WeightView;
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns], finite, not all zeros. */
  readonly weight: Float64Array;
  /** Bytes of an element as it is stored. */
  readonly elementBytes: number;
  /** Mean of x xᵀ, [columns, columns]; where the method needs moments. */
  readonly moment: Float64Array | undefined;
  /** Ranks that may be taken, of at most `limit`. */
  readonly ranksUpTo: (limit: number) => number[];
  /** Share of elements in the sparse part. */
  readonly density: number;
  readonly seed: number;
}

/** One way to cut a layer. */
export interface Candidate {
  readonly ranks: readonly number[];
  /** Of all factors, as they are stored. */
  readonly bytes: number;
  /** Multiply-accumulates for each position of the output, all channels; the layer itself has rows * columns. */
  readonly macs: number;
}

/** A node that computes a factor. */
export interface Stage {
  /** Row-major in `dims`: [out, in] of a product, [out, in / group, ...kernel] of a convolution. */
  readonly weight: Float64Array;
  readonly dims: readonly number[];
  readonly group: number;
  /** Spatial axes along which the layer's strides, pads and dilations apply to this stage. */
  readonly axes: readonly number[];
}

/** A cut layer: W is near last * prefix + sparse. */
export interface Factors {
  /** Nodes before the last, first to last. */
  readonly stages: readonly Stage[];
  /** The last node: its weight is [rows, inner] whatever its dims. */
  readonly last: Stage;
  /** What stands before the last node, as a matrix [inner, columns]. */
  readonly prefix: Float64Array;
  /** [rows, columns], what is added to the product. */
  readonly sparse?: Float64Array;
}

/** What a method found about one layer. */
export interface Decomposition {
  /** From the smallest on; also those that save nothing. */
  readonly candidates: readonly Candidate[];
  /** Share of the energy that a cut loses, in [0, 1]; Infinity where there is no such cut. Falls with the candidates' size. */
  lost(candidate: Candidate): number;
  factor(candidate: Candidate): Factors;
  /** Why candidates were not possible, as far as they were looked at. */
  readonly failures: readonly string[];
}

/** A way to write a weight as a product of smaller ones. */
export interface Method {
  readonly name: string;
  /** 'moments': the second moments of the layers' inputs. */
  readonly needs?: 'moments';
  /** Why the method has nothing for a layer; undefined where it has. */
  refuse(view: WeightView): string | undefined;
  decompose(problem: LayerProblem): Decomposition | Promise<Decomposition>;
}

/** Checks a method's type, no more. */
export const defineMethod = <M extends Method>(method: M): M => method;
