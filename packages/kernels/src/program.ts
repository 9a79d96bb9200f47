import { type DType, GossamerError } from '@gossamer/graph';
import type { ProgramHandle, StateHandle } from '@gossamer/native';
import { type AsyncOptions, callAbortable, nativeAddon, runNative } from './native-call.js';

/** Data types of the engine; the index is the code at the border. */
const DTYPES: readonly DType[] = [
  'float32',
  'uint8',
  'int8',
  'int32',
  'int64',
  'bool',
  'float16',
  'bfloat16',
  'float64',
  'int16',
  'uint16',
  'uint32',
  'uint64',
];

/** A tensor that goes into a program or comes out of it: `bytes` are its elements in row-major order, little endian. */
export interface ProgramTensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

export type ProgramAttributes = Readonly<Record<string, number | readonly number[] | string>>;

export interface ProgramRunOptions extends AsyncOptions {
  /** At most so many threads of the pool work for this run. Default: all. */
  readonly threads?: number;
  /**
   * Where carried inputs are and go; one run at a time uses it. It moves on when the run resolves, and only then: a run that the signal
   * stops or that fails leaves it as it was. Default: none, every input is fed.
   */
  readonly state?: ProgramState;
  /** false for each output that need not be copied out. Default: all are. */
  readonly wanted?: readonly boolean[];
  /**
   * Where wanted outputs go, by output; undefined: into new memory. The bytes must be as many (ERR_ENGINE_FEEDS) and overlap nothing else
   * of the run; allocateAligned gives memory that most outputs are computed in right away. A run that rejects may have written there.
   */
  readonly into?: readonly (Uint8Array | undefined)[];
}

/** What an operator says of itself: the kernel and format it chose, and why. */
export interface OperatorNote {
  readonly operator: string;
  readonly note: string;
}

function codeOf(dtype: DType): number {
  const code = DTYPES.indexOf(dtype);
  if (code >= 0) return code;
  throw new GossamerError(
    'ERR_ENGINE_TYPE',
    `dtype: expected one the engine computes on (${DTYPES.join(', ')}), received ${dtype}`,
  );
}

/** The types of operators that programs can be built from (docs/engine.md). */
export function operatorTypes(): ReadonlySet<string> {
  return new Set(runNative((addon) => addon.operatorTypes()));
}

/** Whether tensors of this type can enter a program. */
export function isEngineDType(dtype: DType): boolean {
  return DTYPES.includes(dtype);
}

/** What is carried from run to run of one sequence, in memory of the engine. */
export class ProgramState {
  /** What the addon knows it by. */
  constructor(readonly handle: StateHandle) {}

  /** The next run must be fed its carried inputs again. */
  reset(): void {
    runNative((addon) => addon.resetState(this.handle));
  }
}

/** A compiled model that runs in C++; any number of runs at the same time. */
export class Program {
  constructor(
    /** What the addon knows it by. */
    readonly handle: ProgramHandle,
    private readonly outputs: number,
    /** Bytes of its constants, packed ones included. */
    readonly constantBytes: number,
  ) {}

  /**
   * Runs once on the pool: tensors in the order in which the builder declared inputs in, outputs in theirs out. With a state,
   * carried inputs may be left out (undefined). The arrays are borrowed until it settles (see AsyncOptions). Throws
   * ERR_ENGINE_FEEDS, ERR_ENGINE_SHAPE, ERR_ENGINE_VALUE.
   */
  async run(
    inputs: readonly (ProgramTensor | undefined)[],
    options: ProgramRunOptions = {},
  ): Promise<(ProgramTensor | undefined)[]> {
    const { threads = 0, state, wanted, into } = options;
    const header = inputs.flatMap((input) =>
      input ? [codeOf(input.dtype), input.dims.length, ...input.dims] : [-1, 0],
    );
    const flags = Uint8Array.from({ length: this.outputs }, (_, i) => (wanted?.[i] === false ? 0 : into?.[i] ? 2 : 1));
    const given = Array.from(flags, (flag, i) => (flag === 2 ? into![i] : undefined));
    const bytes = [...given, ...inputs.map((input) => input?.bytes)].filter((array) => array !== undefined);
    const [described, ...buffers] = await callAbortable(
      (abort) =>
        nativeAddon().runProgram(
          abort,
          this.handle,
          threads,
          state?.handle,
          flags,
          Float64Array.from(header),
          ...bytes,
        ),
      bytes,
      options,
      state !== undefined,
    );
    return readOutputs(described, buffers, flags, given);
  }

  /** What a sequence of runs carries along, empty at first. */
  createState(): ProgramState {
    return new ProgramState(runNative((addon) => addon.createState(this.handle)));
  }

  /** One note for each operator, in the order in which they run. */
  notes(): OperatorNote[] {
    const flat = runNative((addon) => addon.programNotes(this.handle));
    return Array.from({ length: flat.length / 2 }, (_, i) => ({ operator: flat[2 * i]!, note: flat[2 * i + 1]! }));
  }

  /** Turns measuring of each operator on or off: milliseconds of each, in the order of notes(), over the runs since it was on. */
  profile(on: boolean): number[] {
    const nanoseconds = runNative((addon) => addon.profileProgram(this.handle, on));
    return Array.from(nanoseconds, (value) => value / 1e6);
  }

  /** Frees its memory once the runs in flight have ended; it cannot run again. */
  dispose(): void {
    runNative((addon) => addon.closeProgram(this.handle));
  }
}

function readOutputs(
  header: Float64Array,
  buffers: readonly ArrayBuffer[],
  flags: Uint8Array,
  given: readonly (Uint8Array | undefined)[],
): (ProgramTensor | undefined)[] {
  let at = 0;
  let next = 0;
  return Array.from(flags, (flag, i) => {
    if (flag === 0) return undefined;
    const rank = header[at + 1]!;
    const dims = Array.from(header.subarray(at + 2, at + 2 + rank));
    const dtype = DTYPES[header[at]!]!;
    at += 2 + rank;
    return { dtype, dims, bytes: given[i] ?? new Uint8Array(buffers[next++]!) };
  });
}

/** Builds one program: inputs, constants and operators in the order in which they run; each gives the numbers of its values. */
export class ProgramBuilder {
  private readonly handle: ProgramHandle;

  /** `kind` body: a program that runs inside operators of another (If, Loop), never by itself. Default main. */
  constructor(kind: 'main' | 'body' = 'main') {
    this.handle = runNative((addon) => addon.createProgram(kind === 'body'));
  }

  input(dtype: DType): number {
    return runNative((addon) => addon.programInput(this.handle, codeOf(dtype)));
  }

  /** Copies `bytes`. `readers`: how many operators will read it, after which it is let go where they packed it; 0: not known. */
  constant(dtype: DType, dims: readonly number[], bytes: Uint8Array, readers = 0): number {
    return runNative((addon) =>
      addon.programConstant(this.handle, codeOf(dtype), Float64Array.from(dims), bytes, readers),
    );
  }

  /** The values of its outputs. Throws ERR_ENGINE_PROGRAM, ERR_ENGINE_TYPE, ERR_ENGINE_SHAPE. */
  operator(
    type: string,
    inputs: readonly (number | undefined)[],
    outputs: readonly DType[],
    attributes: ProgramAttributes = {},
    bodies: readonly Program[] = [],
  ): number[] {
    const names: string[] = [];
    const ends: number[] = [];
    const numbers: number[] = [];
    const texts: string[] = [];
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === 'string') {
        texts.push(name, value);
        continue;
      }
      names.push(name);
      // Spreading a table of a million scales would overflow the stack.
      for (const number of typeof value === 'number' ? [value] : value) numbers.push(number);
      ends.push(numbers.length);
    }
    const first = runNative((addon) =>
      addon.programOperator(
        this.handle,
        type,
        Int32Array.from(inputs, (input) => input ?? -1),
        Int32Array.from(outputs, codeOf),
        names,
        Int32Array.from(ends),
        Float64Array.from(numbers),
        texts,
        ...bodies.map(({ handle }) => handle),
      ),
    );
    return outputs.map((_, i) => first + i);
  }

  /** A builder for a body of an operator of this program. */
  body(): ProgramBuilder {
    return new ProgramBuilder('body');
  }

  /** With a state, input number `input` becomes after each run what output number `output` (of finish) was. */
  state(input: number, output: number): void {
    runNative((addon) => addon.programState(this.handle, input, output));
  }

  /** Nothing can be added afterwards. */
  finish(outputs: readonly number[]): Program {
    const bytes = runNative((addon) => addon.programFinish(this.handle, Int32Array.from(outputs)));
    return new Program(this.handle, outputs.length, bytes);
  }
}
