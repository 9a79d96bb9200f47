import { GossamerError } from '@gossamer/graph';
import {
  type AsyncOperations,
  type CudaOperation,
  load,
  type NativeAddon,
  type Operations,
  type SyncOperations,
} from '@gossamer/native';

/**
 * Options of every `...Async` function.
 *
 * The call borrows its arrays: until the promise settles they must not be written to, and their buffers not transferred (a
 * transfer is noticed at the end and rejects with ERR_DETACHED_BUFFER, but the kernel may have read other memory by then).
 */
export interface AsyncOptions {
  /** Stops the work between two tiles; the promise then rejects with `signal.reason`. Default: none. */
  readonly signal?: AbortSignal;
}

/** One operation of the addon with its arguments, and what its result is once it has run. */
export interface NativeCall<Name extends keyof Operations, Result> {
  readonly operation: Name;
  readonly args: Operations[Name];
  readonly finish: () => Result;
}

/** The addon's errors that a caller can act on carry a code; anything else is a bug and stays as it is. */
function translate(error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code !== 'string' || !code.startsWith('ERR_') || code === 'ERR_INTERNAL') return error;
  return new GossamerError(code, String(message), { cause: error });
}

/** The addon, loaded on the first use. Throws GossamerError ERR_NATIVE_LOAD, ERR_BAD_ISA or ERR_BAD_THREADS. */
export function nativeAddon(): NativeAddon {
  try {
    return load();
  } catch (error) {
    throw translate(error);
  }
}

/** Runs `body` with the addon; its errors become GossamerErrors. */
export function runNative<Result>(body: (addon: NativeAddon) => Result): Result {
  const addon = nativeAddon();
  try {
    return body(addon);
  } catch (error) {
    throw translate(error);
  }
}

/** Runs the call now, on this thread and the pool. */
export function runCall<Name extends keyof Operations, Result>(call: NativeCall<Name, Result>): Result {
  runNative((addon: SyncOperations) => addon[call.operation](...call.args));
  return call.finish();
}

/** The arrays of a call must stay where they are until it settles; a detached one has lost its length. */
function requireAttached(lengths: readonly (readonly [ArrayBufferView, number])[]): void {
  for (const [view, byteLength] of lengths) {
    if (view.byteLength !== byteLength) {
      throw new GossamerError(
        'ERR_DETACHED_BUFFER',
        'arguments: expected buffers that stay attached until the promise settles, received one that was transferred',
      );
    }
  }
}

/**
 * Makes an asynchronous call of the addon that `signal` can stop; the arrays must not be touched until it settles. A call that has ended
 * when the signal comes rejects all the same, unless `isKept`: what it did stays done (a state has moved on), so its result is given.
 */
export async function callAbortable<Result>(
  call: (abort: Int32Array) => Result | Promise<Result>,
  arrays: readonly ArrayBufferView[],
  { signal }: AsyncOptions,
  isKept = false,
): Promise<Result> {
  signal?.throwIfAborted();
  const abort = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const onAbort = (): void => {
    Atomics.store(abort, 0, 1);
  };
  const lengths = arrays.map((view) => [view, view.byteLength] as const);
  signal?.addEventListener('abort', onAbort);
  let result: Result;
  try {
    result = await call(abort);
  } catch (error) {
    signal?.throwIfAborted();
    throw translate(error);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  if (!isKept) signal?.throwIfAborted();
  requireAttached(lengths);
  return result;
}

/** Runs the call on the pool; its arrays must not be touched until the promise settles. */
export async function runCallAsync<Name extends keyof Operations, Result>(
  call: NativeCall<Name, Result>,
  options: AsyncOptions = {},
): Promise<Result> {
  options.signal?.throwIfAborted();
  const operations: AsyncOperations = nativeAddon().async;
  const arrays = call.args.filter((arg) => ArrayBuffer.isView(arg));
  await callAbortable((abort) => operations[call.operation](abort, ...call.args), arrays, options);
  return call.finish();
}

/** Runs the call on the GPU; its arrays must not be touched until the promise settles. */
export async function runCallCuda<Name extends CudaOperation, Result>(
  call: NativeCall<Name, Result>,
  options: AsyncOptions = {},
): Promise<Result> {
  options.signal?.throwIfAborted();
  const operations: AsyncOperations<CudaOperation> = nativeAddon().cuda;
  const arrays = call.args.filter((arg) => ArrayBuffer.isView(arg));
  await callAbortable((abort) => operations[call.operation](abort, ...call.args), arrays, options);
  return call.finish();
}
