import { CommanderError } from 'commander';
// By its own entry: the whole graph would cost --help a tenth of a second.
import { isGossamerError } from '@gossamer/graph/errors';

/** What the process ends with; scripts rely on these numbers. */
export const ExitCode = {
  done: 0,
  /** A broken promise inside Gossamer. */
  bug: 1,
  /** The user's input was wrong. */
  input: 2,
  /** A budget could not be met: the best found was written; or a metric fell by more than it may: nothing was. */
  budget: 3,
  /** The environment: disk, missing engine or package. */
  environment: 4,
  interrupted: 130,
} as const;

const ENVIRONMENT: ReadonlySet<string> = new Set([
  'ERR_DISK_FULL',
  'ERR_WRITE_FAILED',
  'ERR_ENGINE_MISSING',
  'ERR_PEER_MISSING',
  'ERR_NATIVE_LOAD',
  'ERR_OUT_OF_MEMORY',
]);

/** What went wrong, as a person and a program should see it. */
export interface Failure {
  readonly exitCode: number;
  readonly code: string;
  /** One line. */
  readonly message: string;
  /** For bugs only. */
  readonly stack?: string;
}

/** Sorts an error into the exit codes. */
export function failureOf(error: unknown, isInterrupted: boolean): Failure {
  if (isInterrupted) return { exitCode: ExitCode.interrupted, code: 'ERR_ABORTED', message: 'interrupted' };
  if (isGossamerError(error)) {
    if (error.code === 'ERR_GATE') return { exitCode: ExitCode.bug, code: error.code, message: error.message };
    if (error.code === 'ERR_ACCURACY') return { exitCode: ExitCode.budget, code: error.code, message: error.message };
    const exitCode = ENVIRONMENT.has(error.code) ? ExitCode.environment : ExitCode.input;
    return { exitCode, code: error.code, message: error.message };
  }
  if (error instanceof CommanderError) {
    // Without a command commander wants to print the help, and has no message.
    const message =
      error.code === 'commander.help'
        ? 'command: expected one, received none; gossamer --help lists them'
        : error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return { exitCode: error.exitCode === 0 ? ExitCode.done : ExitCode.input, code: 'ERR_USAGE', message };
  }
  const ofFile = fileFailure(error as NodeJS.ErrnoException);
  if (ofFile) return ofFile;
  const { stack, message = String(error) } = error as Partial<Error>;
  return { exitCode: ExitCode.bug, code: 'ERR_INTERNAL', message, ...(stack ? { stack } : {}) };
}

/** Which codes of the operating system say that a path was wrong, and which that the machine is in the way. */
const WRONG_PATH: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENAMETOOLONG', 'ELOOP']);
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const FORBIDDEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'EMFILE', 'ENFILE', 'EIO']);

/** An error of the file system at a path that the user gave; undefined for other errors. */
function fileFailure({ code, syscall, path }: NodeJS.ErrnoException): Failure | undefined {
  if (code === undefined || syscall === undefined) return undefined;
  const wanted = FULL.has(code) ? 'space' : 'a path';
  const message = `${path ?? 'file'}: expected ${wanted} to ${syscall}, received ${code}`;
  if (WRONG_PATH.has(code)) return { exitCode: ExitCode.input, code: 'ERR_PATH', message };
  if (FULL.has(code)) return { exitCode: ExitCode.environment, code: 'ERR_DISK_FULL', message };
  return FORBIDDEN.has(code) ? { exitCode: ExitCode.environment, code: 'ERR_FILE_ACCESS', message } : undefined;
}
