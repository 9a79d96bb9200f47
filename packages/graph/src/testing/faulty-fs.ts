import fs from 'node:fs';
import fsPromises, { type FileHandle } from 'node:fs/promises';

/** What becomes of one call: it fails with this errno, or it moves fewer bytes than asked for. */
export type Fault = 'EIO' | 'ENOSPC' | 'EINTR' | 'short';

type Call = (...args: unknown[]) => unknown;
type Calls = Record<string, Call>;

const PROMISES = ['open', 'rename', 'unlink', 'mkdir'];
const SYNC = ['openSync', 'readSync', 'fstatSync', 'closeSync', 'lstatSync', 'statSync', 'realpathSync', 'readdirSync'];
const HANDLE = ['write', 'sync', 'close'];

/**
 * Runs `task` while the call number `at` (from 1) that it makes of node:fs has this fault; returns the calls it made, by name.
 *
 * Only what the process sees is changed: a close that fails has closed, an fsync does nothing (a test needs no disk), a short read or
 * write moves half. What `task` throws passes through.
 */
export async function withFault(at: number, fault: Fault, task: () => Promise<void>): Promise<FaultRun> {
  const calls: string[] = [];
  const restore: (() => void)[] = [];
  const patch = (target: Calls, name: string, isAsync: boolean, after: (result: unknown) => void) => {
    const original = target[name]!;
    const call = (...args: unknown[]): unknown => {
      const isDue = calls.push(name) === at;
      return perform({ original: original.bind(target), name, args, fault: isDue ? fault : undefined, isAsync, after });
    };
    target[name] = call;
    restore.push(() => (target[name] = original));
  };
  const onOpen = (handle: unknown) => {
    for (const name of HANDLE) patch(handle as Calls, name, true, () => undefined);
  };
  for (const name of PROMISES) {
    patch(fsPromises as unknown as Calls, name, true, name === 'open' ? onOpen : () => undefined);
  }
  for (const name of SYNC) patch(fs as unknown as Calls, name, false, () => undefined);
  try {
    await task();
    return { calls, error: undefined };
  } catch (error) {
    return { calls, error };
  } finally {
    restore.reverse().forEach((undo) => undo());
  }
}

export interface FaultRun {
  readonly calls: readonly string[];
  readonly error: unknown;
}

interface Performance {
  readonly original: Call;
  readonly name: string;
  readonly args: unknown[];
  readonly fault: Fault | undefined;
  readonly isAsync: boolean;
  readonly after: (result: unknown) => void;
}

function perform(call: Performance): unknown {
  if (call.isAsync) return performAsync(call);
  const { original, name, args, fault } = call;
  if (fault === undefined) return original(...args);
  if (fault === 'short') return original(...(name === 'readSync' ? shortened(args, 3) : args));
  if (name === 'closeSync') original(...args);
  throw failure(fault, name);
}

async function performAsync({ original, name, args, fault, after }: Performance): Promise<unknown> {
  if (fault !== undefined && fault !== 'short') {
    if (name === 'close') await original(...args);
    throw failure(fault, name);
  }
  if (name === 'sync') return undefined;
  const result = await original(...(fault === 'short' && name === 'write' ? shortened(args, 2) : args));
  after(result);
  return result;
}

/** The arguments of a read or write with half the length, at least one byte. */
function shortened(args: readonly unknown[], lengthAt: number): unknown[] {
  return args.map((value, index) => (index === lengthAt ? Math.max(1, Math.floor(Number(value) / 2)) : value));
}

function failure(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: injected, ${syscall}`), { code, syscall, errno: -1 });
}

/** Makes every write of a handle move no byte at all. */
export function withoutProgress(handle: FileHandle): FileHandle {
  return Object.assign(handle, { write: async () => ({ bytesWritten: 0, buffer: new Uint8Array(0) }) });
}
