import { type AsyncOptions, type NativeCall, runCall, runCallAsync } from './native-call.js';
import { requireArray } from './require-array.js';

const FLOAT16 = 0;
const BFLOAT16 = 1;
type Format = typeof FLOAT16 | typeof BFLOAT16;

function narrow(
  x: Float32Array,
  format: Format,
  out: Uint16Array = new Uint16Array(x?.length ?? 0),
): NativeCall<'narrowFloats', Uint16Array> {
  requireArray('x', x, 'Float32Array');
  return { operation: 'narrowFloats', args: [x, format, out], finish: () => out };
}

function widen(
  x: Uint16Array,
  format: Format,
  out: Float32Array = new Float32Array(x?.length ?? 0),
): NativeCall<'widenFloats', Float32Array> {
  requireArray('x', x, 'Uint16Array');
  return { operation: 'widenFloats', args: [x, format, out], finish: () => out };
}

/** Rounds to float16 bit patterns, half to even; too large becomes infinity, subnormals stay, NaN stays NaN. */
export function f32ToF16(x: Float32Array, out?: Uint16Array): Uint16Array {
  return runCall(narrow(x, FLOAT16, out));
}

/** `f32ToF16` on the thread pool. */
export async function f32ToF16Async(x: Float32Array, options?: AsyncOptions): Promise<Uint16Array> {
  return runCallAsync(narrow(x, FLOAT16), options);
}

/** Widens float16 bit patterns, exactly. */
export function f16ToF32(x: Uint16Array, out?: Float32Array): Float32Array {
  return runCall(widen(x, FLOAT16, out));
}

/** `f16ToF32` on the thread pool. */
export async function f16ToF32Async(x: Uint16Array, options?: AsyncOptions): Promise<Float32Array> {
  return runCallAsync(widen(x, FLOAT16), options);
}

/** Rounds to bfloat16 bit patterns, half to even; NaN stays NaN. */
export function f32ToBf16(x: Float32Array, out?: Uint16Array): Uint16Array {
  return runCall(narrow(x, BFLOAT16, out));
}

/** `f32ToBf16` on the thread pool. */
export async function f32ToBf16Async(x: Float32Array, options?: AsyncOptions): Promise<Uint16Array> {
  return runCallAsync(narrow(x, BFLOAT16), options);
}

/** Widens bfloat16 bit patterns, exactly. */
export function bf16ToF32(x: Uint16Array, out?: Float32Array): Float32Array {
  return runCall(widen(x, BFLOAT16, out));
}

/** `bf16ToF32` on the thread pool. */
export async function bf16ToF32Async(x: Uint16Array, options?: AsyncOptions): Promise<Float32Array> {
  return runCallAsync(widen(x, BFLOAT16), options);
}
