import type { Value } from '@gossamer/graph';

/** What a unit is to the network, so that patterns can choose. */
export type UnitKind = 'channel' | 'neuron' | 'ffn' | 'head' | 'unit' | 'embedding';

/** Elements of one axis of one value. */
export interface AxisSlice {
  readonly value: Value;
  readonly axis: number;
  /** Ascending. */
  readonly indices: Int32Array;
}

/** A slice of a constant that goes with a unit: of the weights that make it ('output'), or that read it or only lie beside it ('input'). */
export interface UnitMember extends AxisSlice {
  readonly role: 'output' | 'input';
}

/** The smallest set of elements that can only go together. */
export interface PruneUnit {
  readonly kind: UnitKind;
  /** All axes it is part of, of activations and constants. */
  readonly slices: readonly AxisSlice[];
  /** The slices of constants: what criteria sum over. */
  readonly members: readonly UnitMember[];
  /** Why removing it is not the same as setting it to 0; undefined where it is. */
  readonly inexact?: string;
}

/** Units of equal shape on the same axes: the channels of a layer and everything that hangs on them. */
export interface PruneGroup {
  /** Id of the first layer that makes it, made unique. */
  readonly id: string;
  readonly kind: UnitKind;
  readonly units: readonly PruneUnit[];
}

/** Output features of a layer that stay, and why. */
export interface FrozenAxis {
  readonly layer: string;
  readonly count: number;
  readonly reason: string;
}
