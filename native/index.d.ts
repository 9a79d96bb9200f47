/**
 * The kernels as the addon exports them: typed arrays in, caller-owned typed arrays out. Ranges are the caller's duty
 * (`@gossamer/kernels` checks them); types, lengths and buffers are checked here, with `code` on the error. Each operation
 * has a twin `async.name(abort, ...)` that runs on the process-wide pool; do not touch its arrays before it settles. `abort` is
 * an Int32Array over a SharedArrayBuffer: store a non-zero value to stop the call, which then rejects with `ERR_ABORTED`.
 */

/** 0 per tensor, 1 per axis, 2 per block. */
export type Granularity = 0 | 1 | 2;
/** granularity, then the tensor as [outer, axis, inner], then the block size (any number > 0 where it does not apply). */
export type LayoutArguments = [granularity: Granularity, outer: number, axis: number, inner: number, blockSize: number];
export type Bytes = Int8Array | Uint8Array;

export type Movable = Bytes | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array;

export type AffineArguments = [scale: Float32Array, zeroPoint: Int32Array, isSigned: boolean, nibbles: boolean];

/** mapping: 0 symmetric, 1 symmetric over the full range, 2 asymmetric; clipSteps 1: no search. */
export type SchemeArguments = [
  mapping: 0 | 1 | 2,
  codeMin: number,
  codeMax: number,
  codeZero: number,
  clipSteps: number,
  clipMin: number,
];
export type WeightArguments = [w: Float32Array, n: number, k: number, isNk: boolean, blockSize: number];
/** kind: 0 none, 1 affine, 2 levels; scales and zeroPoints [rows, blocks]; levels [tables, count]. */
export type SolverGridArguments = [
  kind: 0 | 1 | 2,
  blockSize: number,
  scales: Float32Array | undefined,
  zeroPoints: Float32Array | undefined,
  quantMin: number,
  quantMax: number,
  levels: Float32Array | undefined,
  tables: number,
];

export interface Operations {
  quantizeTensor: [
    x: Float32Array,
    ...layout: LayoutArguments,
    ...affine: AffineArguments,
    quantMin: number,
    quantMax: number,
    out: Bytes,
  ];
  dequantizeTensor: [
    codes: Bytes,
    length: number,
    ...layout: LayoutArguments,
    ...affine: AffineArguments,
    out: Float32Array,
  ];
  quantizeChannels: [
    w: Float32Array,
    outer: number,
    axis: number,
    inner: number,
    quantMax: number,
    codes: Int8Array,
    scales: Float32Array,
    nonFinite: Float64Array,
  ];
  /** counts: NaN, infinities. */
  minMaxTensor: [
    x: Float32Array,
    ...layout: LayoutArguments,
    min: Float32Array,
    max: Float32Array,
    counts: Float64Array,
  ];
  /** bins: a power of two in [128, 65536]. summary: exponent, min, max, NaN, infinities, zeros. */
  countHistogram: [x: Float32Array, bins: number, counts: Float64Array, summary: Float64Array];
  /** sums: squared error, squared reference, squared actual, dot, largest error, pairs left out. */
  errorStats: [reference: Float32Array, actual: Float32Array, sums: Float64Array];
  /** type: as in ONNX; isSound: 1, or 0 for a stream that no encoder wrote. */
  decodeTensor: [stream: Uint8Array, type: number, dims: Float64Array, out: Uint8Array, isSound: Float64Array];
  /** format: 0 float16, 1 bfloat16. */
  narrowFloats: [x: Float32Array, format: 0 | 1, out: Uint16Array];
  widenFloats: [x: Uint16Array, format: 0 | 1, out: Float32Array];
  packBits: [codes: Bytes, bits: 2 | 4, out: Uint8Array];
  unpackBits: [packed: Uint8Array, length: number, bits: 2 | 4, isSigned: boolean, out: Bytes];
  /** Any typed array of elements of 1, 2 or 4 bytes; out of the same type and length. */
  transpose: [x: Movable, rows: number, cols: number, out: Movable];
  quantizeMatMulNBits: [
    ...weight: WeightArguments,
    ...scheme: SchemeArguments,
    bits: number,
    codes: Uint8Array,
    scales: Float32Array,
    zeroPoints: Uint8Array | undefined,
    nonFinite: Float64Array,
  ];
  quantizeBlockedWeight: [
    ...weight: WeightArguments,
    ...scheme: SchemeArguments,
    codes: Bytes,
    scales: Float32Array,
    zeroPoints: Bytes,
    nonFinite: Float64Array,
  ];
  /**
   * w: [outputs, channels, taps] or, with outputsLast, [channels, taps, outputs]. order: which channel is in each place; empty: its own. cost: of
   * one row, in products of 16 outputs by 4 inputs.
   */
  predictInt8: [
    w: Int8Array,
    outputs: number,
    channels: number,
    taps: number,
    outputsLast: boolean,
    order: Int32Array,
    cost: Float64Array,
  ];
  /**
   * loop: 0 int8, 1 float, 2 bfloat16; isa: the place in the order of dispatch.h. work: operations done (0 where there is no such variant),
   * checksum.
   */
  peakLoop: [loop: 0 | 1 | 2, isa: number, rounds: number, tiles: number, work: Float64Array];
  /** Each of `tiles` threads reads its share of x `rounds` times. work: bytes read, checksum. */
  readLoop: [x: Bytes, isa: number, rounds: number, tiles: number, work: Float64Array];
  /**
   * rule: OptimizerRule; coefficients: OptimizerCoefficients, in order. Then of each tensor gradient, weight, mask (undefined: none) and
   * what the rule remembers, all of one length.
   */
  optimizerStep: [rule: number, coefficients: Float32Array, ...arrays: (Float32Array | Uint8Array | undefined)[]];
  scaleInPlace: [factor: number, ...arrays: Float32Array[]];
  /** A target and its source, one pair after another. */
  addInto: Float32Array[];
  sumOfSquares: [sum: Float64Array, ...arrays: Float32Array[]];
  /** sums [columns, columns] += xᵀ y over [count, columns]; y undefined: x, and only the upper triangle. */
  addGram: [x: Float32Array, y: Float32Array | undefined, columns: number, sums: Float64Array];
  /**
   * what: 0 V of a = Vᵀ V, 1 the inverse, 2 U of (a + lambda I)^-1 = Uᵀ U with diagonal elements of 0 as 1. a: [n, n], its upper triangle. failedAt:
   * the row whose pivot was not positive, -1: none.
   */
  factorMatrix: [
    what: 0 | 1 | 2,
    a: Float64Array,
    n: number,
    lambda: number,
    out: Float64Array,
    failedAt: Float64Array,
  ];
  /** linalg/follow_inputs.h. */
  followInputs: [
    w: Float32Array,
    rows: number,
    columns: number,
    second: Float64Array,
    cross: Float64Array,
    u: Float64Array,
    out: Float32Array,
  ];
  /** linalg/output_error.h. */
  outputError: [
    changed: Float32Array,
    target: Float32Array,
    columns: number,
    second: Float64Array,
    error: Float64Array,
  ];
  /** linalg/solve_columns.h. With fits, scales and zeroPoints are outputs behind the scheme; mask: 0 none, 1 given, 2 share, 3 groups. */
  solveColumns: [
    w: Float32Array,
    rows: number,
    columns: number,
    u: Float64Array,
    order: Int32Array | undefined,
    ...grid: SolverGridArguments,
    fits: boolean,
    ...scheme: SchemeArguments,
    importance: Float64Array | undefined,
    scales: Float32Array | undefined,
    zeroPoints: Float32Array | undefined,
    mask: 0 | 1 | 2 | 3,
    kept: Uint8Array | undefined,
    maskBlockSize: number,
    sparsity: number,
    keep: number,
    codes: Uint8Array | Uint16Array | undefined,
    weights: Float32Array | undefined,
    losses: Float64Array,
  ];
  /** linalg/solve_rows.h. counts undefined: all columns that may go; blockSize 0: no blocks. */
  solveRows: [
    w: Float32Array,
    rows: number,
    columns: number,
    inverse: Float64Array,
    ...grid: SolverGridArguments,
    isGreedy: boolean,
    counts: Int32Array | undefined,
    codes: Uint8Array | Uint16Array | undefined,
    weights: Float32Array,
    fixed: Int32Array,
    losses: Float64Array,
    kept: Uint8Array | undefined,
    blockSize: number,
    keep: number,
  ];
  /** linalg/refine_rows.h. weights are changed in place. */
  refineRows: [
    w: Float32Array,
    rows: number,
    columns: number,
    moment: Float64Array,
    kept: Uint8Array,
    sweeps: number,
    weights: Float32Array,
    losses: Float64Array,
  ];
}

/** Every operation, run at once. */
export type SyncOperations = { [Name in keyof Operations]: (...args: Operations[Name]) => void };

/** Every operation, or some of them, run on the pool. */
export type AsyncOperations<Names extends keyof Operations = keyof Operations> = {
  [Name in Names]: (abort: Int32Array | undefined, ...args: Operations[Name]) => Promise<void>;
};

/** Operations that a GPU runs too. */
export type CudaOperation = 'quantizeTensor' | 'dequantizeTensor' | 'countHistogram';
/** Weights in the memory of the GPU, which goes with them or with free. */
export type CudaWeights = object & { readonly __cudaWeights: unique symbol };

/**
 * The CUDA kernels; each call runs on a thread of the pool. Errors: ERR_CUDA_UNAVAILABLE (no GPU), ERR_CUDA_OUT_OF_MEMORY (of the
 * device), ERR_CUDA_PATTERN, ERR_CUDA_DISPOSED, ERR_CUDA (what else the driver says). `abort` is looked at before a call
 * begins to copy.
 */
export interface Cuda extends AsyncOperations<CudaOperation> {
  /** w: [n, k]. format: 0 dense, 1 only what is not 0, 2 at most two of every four along k. */
  uploadI8(abort: Int32Array | undefined, w: Int8Array, n: number, k: number, format: 0 | 1 | 2): Promise<CudaWeights>;
  /** The inputs of com.microsoft.MatMulNBits with 4 bits. */
  uploadNbits4(
    abort: Int32Array | undefined,
    codes: Uint8Array,
    scales: Float32Array,
    zeroPoints: Uint8Array | undefined,
    n: number,
    k: number,
    blockSize: number,
  ): Promise<CudaWeights>;
  /** x: [m, k], y: [m, n]. */
  multiplyI8(
    abort: Int32Array | undefined,
    weights: CudaWeights,
    m: number,
    x: Uint8Array,
    y: Int32Array,
  ): Promise<void>;
  multiplyNbits4(
    abort: Int32Array | undefined,
    weights: CudaWeights,
    m: number,
    x: Float32Array,
    y: Float32Array,
  ): Promise<void>;
  /** Once the products in flight have ended; any number of times. */
  free(weights: CudaWeights): void;
  /** Bytes of the device. */
  memory(): { free: number; total: number };
}

/** Index in: float32 uint8 int8 int32 int64 bool float16 bfloat16 float64 int16 uint16 uint32 uint64. */
export type DataTypeCode = number;
/** A compiled model (native/engine/program.h); its memory goes with it or with closeProgram. */
export type ProgramHandle = object & { readonly __program: unique symbol };

/** What is carried from run to run of a program. */
export type StateHandle = object & { readonly __state: unique symbol };

/** Type, rank and dims of each output, then their elements. */
export type ProgramOutputs = [Float64Array, ...ArrayBuffer[]];

/** Programs: built call by call in the order in which they run. Errors have codes ERR_ENGINE_... */
export interface Programs {
  /** isBody: of an operator of control flow; such a program is not run by itself. */
  createProgram(isBody: boolean): ProgramHandle;
  /** Each returns the number of the value it makes. */
  programInput(program: ProgramHandle, type: DataTypeCode): number;
  /** The bytes are copied. readers: operators that will read it (then it is let go); 0: not known. */
  programConstant(
    program: ProgramHandle,
    type: DataTypeCode,
    dims: Float64Array,
    bytes: Uint8Array,
    readers: number,
  ): number;
  /**
   * The first of its outputs, whose numbers follow one another. inputs: values, -1 for one left out. Numbers of names[k] are
   * numbers[ends[k - 1] .. ends[k]); texts: name, value, name, value.
   */
  programOperator(
    program: ProgramHandle,
    type: string,
    inputs: Int32Array,
    outputs: Int32Array,
    names: readonly string[],
    ends: Int32Array,
    numbers: Float64Array,
    texts: readonly string[],
    ...bodies: ProgramHandle[]
  ): number;
  /** The bytes of its constants. */
  programFinish(program: ProgramHandle, outputs: Int32Array): number;
  /** Type and note of each operator in turn. */
  programNotes(program: ProgramHandle): string[];
  /** Turns measuring on or off; nanoseconds of each operator, summed over the runs since it was turned on. */
  profileProgram(program: ProgramHandle, on: boolean): Float64Array;
  closeProgram(program: ProgramHandle): void;
  operatorTypes(): string[];
  /** Before programFinish: with a state, input number `input` becomes after each run what output number `output` was. */
  programState(program: ProgramHandle, input: number, output: number): void;
  /** What one sequence of runs carries along; one run at a time uses it. */
  createState(program: ProgramHandle): StateHandle;
  /** The next run must be fed its carried inputs again. */
  resetState(state: StateHandle): void;
  /**
   * wanted: a byte for each output, 0: not, 1: in a new buffer, 2: in an array that is given. Those arrays follow the header, then the
   * elements of the inputs. header: type, rank and dims of each input; type -1, rank 0 and no elements: carried in the state. The same of
   * the wanted outputs comes first in the result, then the new buffers. threads 0: all. A run that took less than 200 us the last time is
   * made at once where the pool has a thread to spare.
   */
  runProgram(
    abort: Int32Array | undefined,
    program: ProgramHandle,
    threads: number,
    state: StateHandle | undefined,
    wanted: Uint8Array,
    header: Float64Array,
    ...intoAndInputs: Uint8Array[]
  ): ProgramOutputs | Promise<ProgramOutputs>;
}

export interface NativeAddon extends SyncOperations, Programs {
  readonly async: AsyncOperations;
  readonly cuda: Cuda;
  isaInfo(): { selected: string; available: string[]; threads: number };
  /** The GPU and its driver, or why there is none. */
  cudaInfo(): { isAvailable: boolean; description: string };
  setThreads(threads: number): void;
  /** The first byte of the buffer whose address is a multiple of 64. */
  alignedOffset(buffer: ArrayBuffer): number;
  /** Whether large blocks of the process's allocator now stay with the process when they are freed. */
  tuneAllocator(): boolean;
}

/** The addon, loaded on the first call. Throws an error with code ERR_NATIVE_LOAD, ERR_BAD_ISA or ERR_BAD_THREADS. */
export function load(): NativeAddon;
