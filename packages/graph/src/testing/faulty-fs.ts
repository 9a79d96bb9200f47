import fs from 'node:fs';
import fsPromises, { type FileHandle } from 'node:fs/promises';

/** What the system says that it cannot do. */
export type SystemError = 'EIO' | 'ENOSPC' | 'EINTR' | 'EMFILE' | 'EACCES';

/**
 * What becomes of one call: it fails with this errno; it moves fewer bytes than asked for ('short'); it reads none, as at the end of a
 * file that was cut ('end'); the process is killed before it ('kill') or, of a write, when half is written ('torn').
 */
export type Fault = SystemError | 'short' | 'end' | 'kill' | 'torn';

type Call = (...args: unknown[]) => unknown;
type Calls = Record<string, Call>;

const PROMISES = [
  ...['open', 'rename', 'unlink', 'mkdir', 'rmdir', 'rm', 'mkdtemp', 'link', 'copyFile', 'readFile', 'writeFile'],
  ...['stat', 'lstat', 'readdir', 'realpath'],
];
const SYNC = [
  ...['openSync', 'readSync', 'fstatSync', 'closeSync', 'lstatSync', 'statSync', 'realpathSync', 'readdirSync'],
  ...['readFileSync', 'unlinkSync', 'rmSync'],
];
const HANDLE = ['read', 'stat', 'write', 'sync', 'close'];

/** Where in the arguments of a call the number of bytes is. */
const LENGTH_AT: Readonly<Record<string, number>> = { readSync: 3, read: 2, write: 2 };

/** The calls that a system can fail in this way, by what they are called in any variant; undefined: all. */
const POSSIBLE: Readonly<Record<Fault, RegExp | undefined>> = {
  EIO: undefined,
  ENOSPC: /^(open|write|sync|close|rename|link|mkdir|mkdtemp|copyFile)/,
  EINTR: /^(open|read|write|sync|close)(Sync)?$/,
  EMFILE: /^(open|readdir|readFile|writeFile|copyFile)/,
  EACCES: /^(open|rename|unlink|link|mkdir|mkdtemp|rm|stat|lstat|realpath|readdir|readFile|writeFile|copyFile)/,
  short: /^(read|write)(Sync)?$/,
  end: /^read(Sync)?$/,
  kill: undefined,
  torn: /^write$/,
};

/** Whether a call of this name can have the fault; others need not be tried. */
export function isPossible(fault: Fault, call: string): boolean {
  return POSSIBLE[fault]?.test(call) ?? true;
}

/**
 * Runs `task` while the call number `at` (from 1) that it makes of node:fs has this fault; returns the calls it made, by name.
 *
 * Only what the process sees is changed: a close that fails has closed, an fsync does nothing (a test needs no disk), a short read or
 * write moves half. What `task` throws is in the result.
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
    // What hangs on a function, as realpathSync.native does, stays.
    target[name] = Object.assign(call, original);
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
  if (fault === 'kill') kill();
  if (isSystemError(fault)) {
    if (name === 'closeSync') original(...args);
    throw failure(fault, name);
  }
  return original(...withLength(args, name, fault));
}

async function performAsync({ original, name, args, fault, after }: Performance): Promise<unknown> {
  if (fault === 'kill') kill();
  if (isSystemError(fault)) {
    if (name === 'close') await original(...args);
    throw failure(fault, name);
  }
  if (name === 'sync') return undefined;
  const result = await original(...withLength(args, name, fault));
  if (fault === 'torn') kill();
  after(result);
  return result;
}

const isSystemError = (fault: Fault | undefined): fault is SystemError => fault !== undefined && fault.startsWith('E');

/** Nothing of this process runs any more: no handler, no clean-up. */
function kill(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way to this very thread.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
}

/** The arguments of a read or write with half the length, at least one byte; or with none. */
function withLength(args: readonly unknown[], name: string, fault: Fault | undefined): unknown[] {
  const lengthAt = LENGTH_AT[name];
  const isRead = name.startsWith('read');
  if (lengthAt === undefined || fault === undefined || (fault === 'end' && !isRead)) return [...args];
  const length = fault === 'end' ? 0 : Math.max(1, Math.floor(Number(args[lengthAt]) / 2));
  return args.map((value, index) => (index === lengthAt ? length : value));
}

function failure(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: injected, ${syscall}`), { code, syscall, errno: -1 });
}

/** Makes every write of a handle move no byte at all. */
export function withoutProgress(handle: FileHandle): FileHandle {
  return Object.assign(handle, { write: async () => ({ bytesWritten: 0, buffer: new Uint8Array(0) }) });
}
