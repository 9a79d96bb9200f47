import type { DType } from '@gossamer/graph';

/** What crosses the border to the engine: elements in row-major order. */
export interface ProgramTensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/** An attribute of an operator as the engine reads it. */
export type ProgramAttribute = number | readonly number[] | string;

/** A compiled program: runs any number of times, for any sizes of its inputs. */
export interface Program {
  run(
    inputs: readonly ProgramTensor[],
    options: { readonly threads: number | undefined; readonly signal: AbortSignal | undefined },
  ): Promise<ProgramTensor[]>;
  /** What operators say about the kernel or format they chose, by index of the operator. */
  notes(): readonly { readonly operator: number; readonly note: string }[];
  dispose(): void;
}

/** Builds one program; every method returns at once. Values are numbers. */
export interface ProgramBuilder {
  input(dtype: DType): number;
  /** A constant; its bytes are copied. */
  constant(dtype: DType, dims: readonly number[], bytes: Uint8Array): number;
  /** Adds an operator and returns its outputs; throws a GossamerError for one that cannot be. */
  operator(
    type: string,
    inputs: readonly (number | undefined)[],
    outputDtypes: readonly DType[],
    attributes: Readonly<Record<string, ProgramAttribute>>,
  ): number[];
  finish(outputs: readonly number[]): Program;
}
