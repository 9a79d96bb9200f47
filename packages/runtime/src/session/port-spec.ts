import type { DType } from '@gossamer/graph';

/** A dimension of a port: fixed, named (one name, one size), or unknown. */
export type PortDim = number | string | undefined;

/** What a model expects in one input, or gives in one output. */
export interface PortSpec {
  readonly name: string;
  /** Undefined: not declared. */
  readonly dtype: DType | undefined;
  /** Undefined: rank not declared. */
  readonly shape: readonly PortDim[] | undefined;
  /** For integer inputs that index a table: ids are in [0, maximum). Undefined: not known. */
  readonly maximum?: number;
  /** Need not be fed: state that starts from its initial value. */
  readonly optional?: boolean;
}
