import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { GossamerError, type Model } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Verification, VerifyAnswer, VerifyData, VerifyLevel, VerifyRequest } from './verification.js';

export interface VerifyOptions {
  /** The model whose outputs are the measure, or its path; without one nothing is compared. */
  readonly reference?: string | Model;
  /** Default: random inputs from `seed`, of a size the reference model runs on. */
  readonly data?: VerifyData;
  /** Default 'full'. */
  readonly level?: VerifyLevel;
  /** Samples compared; default 4. */
  readonly samples?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly threads?: number;
  /** The child is killed after this many milliseconds; Infinity: never. Default 10 minutes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 10 * 60 * 1000;
/** What a timer can wait for: 25 days. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Proves a model file in ONNX Runtime, in a child process: a file that crashes the runtime, or runs for ever, is a failed proof and
 * not the end of this process. Rejects only when it is aborted, an option is wrong or the child cannot be started.
 */
export async function verify(path: string, options: VerifyOptions = {}): Promise<Verification> {
  const { level = 'full', samples = 4, seed = 0, threads, reference } = options;
  const nothing = { fusedKernels: {}, floatKernels: {}, peakRssMb: 0 };
  if (level === 'none') return { level, loads: false, seconds: 0, ...nothing };
  requireTimeout(options.timeoutMs);
  const start = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-verify-'));
  try {
    const request: VerifyRequest = {
      path,
      folder,
      level,
      samples,
      threads,
      reference: await pathOf(reference, folder),
      data: options.data,
      seed,
    };
    const answer = await ask(request, options);
    return { level, ...nothing, ...answer, seconds: (performance.now() - start) / 1000 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function requireTimeout(timeoutMs = TIMEOUT_MS): void {
  if (timeoutMs > 0) return;
  throw new GossamerError<RuntimeErrorCode>('ERR_OPTION', `timeoutMs: expected a number > 0, received ${timeoutMs}`);
}

async function pathOf(reference: string | Model | undefined, folder: string): Promise<string | undefined> {
  if (reference === undefined || typeof reference === 'string') return reference;
  const path = join(folder, 'reference.onnx');
  await saveModel(reference, path, { fsync: false });
  return path;
}

/** The child's script: an entry of this package, which in a source checkout is taken from the built one beside it. */
function childScript(): string {
  const entry = createRequire(import.meta.url).resolve('@gossamer/runtime/verify-child');
  return entry.endsWith('.ts') ? entry.replace(`${sep}src${sep}`, `${sep}dist${sep}`).replace(/\.ts$/, '.js') : entry;
}

function ask(request: VerifyRequest, options: VerifyOptions): Promise<VerifyAnswer> {
  const { signal, timeoutMs = TIMEOUT_MS } = options;
  signal?.throwIfAborted();
  // stdout stays ours; ONNX Runtime writes its own messages to stderr.
  const child = fork(childScript(), [], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    env: process.env,
    serialization: 'advanced',
  });
  return new Promise((resolve, reject) => {
    const log = tail(child);
    let answer: VerifyAnswer | undefined;
    let isTimedOut = false;
    const stop = () => {
      isTimedOut = true;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(stop, Math.min(timeoutMs, MAX_TIMEOUT_MS));
    const abort = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', abort);
    child.on('message', (message) => {
      answer = message as VerifyAnswer;
    });
    child.on('error', (cause) => {
      reject(
        new GossamerError('ERR_VERIFY', `verify: expected to start a child process, received ${cause.message}`, {
          cause,
        }),
      );
    });
    child.on('close', (code, killedBy) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted) reject(signal.reason as Error);
      else if (answer) resolve(answer);
      else
        resolve(
          failure(
            isTimedOut ? `no answer within ${timeoutMs} ms` : `an end by ${killedBy ?? `exit code ${code}`}; ${log()}`,
          ),
        );
    });
    // A child that has died already takes nothing; its end says so.
    child.send(request, () => undefined);
  });
}

function failure(received: string): VerifyAnswer {
  const error = {
    code: 'ERR_VERIFY',
    message: `verify: expected an answer of the child process, received ${received}`,
  };
  return { loads: false, error, fusedKernels: {}, floatKernels: {}, peakRssMb: 0 };
}

const TAIL_BYTES = 2000;

/** The last thing the child said, for the error message: of a JavaScript error its message, which a stack and a version follow. */
function tail(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    text = (text + piece).slice(-TAIL_BYTES);
  });
  return () => {
    const lines = text.trim().split('\n');
    return lines.findLast((line) => /^(\w+ )?\w*error\b/i.test(line)) ?? lines.at(-1) ?? '';
  };
}
