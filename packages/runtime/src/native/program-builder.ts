import type { DType } from '@gossamer/graph';
import type {
  OperatorNote,
  ProgramAttributes,
  ProgramRunOptions,
  ProgramState,
  ProgramTensor,
} from '@gossamer/kernels';

/** One attribute of an operator as the engine reads it. */
export type ProgramAttribute = ProgramAttributes[string];

/** What the compiler needs of a finished program: the addon's, or a reference in tests. */
export interface CompiledProgram {
  run(
    inputs: readonly (ProgramTensor | undefined)[],
    options?: ProgramRunOptions,
  ): Promise<(ProgramTensor | undefined)[]>;
  createState(): ProgramState;
  notes(): readonly OperatorNote[];
  /** Turns measuring on or off; milliseconds of each operator since it was turned on. */
  profile(on: boolean): number[];
  dispose(): void;
}

/** What the compiler hands a model to: `ProgramBuilder` of @gossamer/kernels, or a reference in tests. Values are numbers. */
export interface ProgramTarget {
  input(dtype: DType): number;
  /** Takes a copy of the bytes. */
  constant(dtype: DType, dims: readonly number[], bytes: Uint8Array, readers?: number): number;
  operator(
    type: string,
    inputs: readonly (number | undefined)[],
    outputs: readonly DType[],
    attributes?: ProgramAttributes,
    bodies?: readonly CompiledProgram[],
  ): number[];
  /** A builder for a body of an operator. */
  body(): ProgramTarget;
  state(input: number, output: number): void;
  finish(outputs: readonly number[]): CompiledProgram;
}
