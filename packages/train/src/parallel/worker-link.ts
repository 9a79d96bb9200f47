import { GossamerError } from '@gossamer/graph';
import { createRequire } from 'node:module';
import { sep } from 'node:path';
import { type TransferListItem, Worker } from 'node:worker_threads';
import type { TrainErrorCode } from '../error-codes.js';

/** An error as it crosses threads. */
export interface WireError {
  readonly code: string | undefined;
  readonly message: string;
}

/** What a worker answers to the request of the same id. */
export type WorkerAnswer = { readonly id: number } & (
  { readonly result: unknown; readonly error?: undefined } | { readonly error: WireError }
);

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The script of an entry of this package, which in a source checkout is taken from the built one beside it. */
export function entryScript(name: string): string {
  const entry = createRequire(import.meta.url).resolve(`@gossamer/train/${name}`);
  return entry.endsWith('.ts') ? entry.replace(`${sep}src${sep}`, `${sep}dist${sep}`).replace(/\.ts$/, '.js') : entry;
}

/** A worker thread that answers requests in their order. One that ends without being asked to is an error of every request, and none waits for ever. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #next = 0;
  #isClosed = false;
  #death: Error | undefined;

  /** `name` says in errors which worker it is. */
  constructor(
    readonly name: string,
    script: string,
  ) {
    this.#worker = new Worker(script, { execArgv: [], name });
    this.#worker.on('message', (answer: WorkerAnswer) => this.#answered(answer));
    this.#worker.on('error', (cause) => this.#die(cause.message, cause));
    this.#worker.on('messageerror', (cause) => this.#die(cause.message, cause));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        if (!this.#isClosed) this.#die(`its end with exit code ${code}`);
        resolve();
      });
    });
  }

  /** Sends a request; `transfer` moves there. Rejects with the error of the worker, or ERR_WORKER where it has died. */
  ask<Result>(request: object, transfer: readonly TransferListItem[] = []): Promise<Result> {
    if (this.#death) return Promise.reject(this.#death);
    const id = this.#next++;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as Result), reject });
      this.#worker.postMessage({ id, ...request }, transfer);
    });
  }

  /** Lets the worker end what it has begun, and ends it. */
  async close(): Promise<void> {
    if (!this.#death && !this.#isClosed) {
      this.#isClosed = true;
      this.#worker.postMessage({ id: -1, call: 'close' });
    }
    await this.#ended;
  }

  #answered(answer: WorkerAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (!answer.error) return waiting?.resolve(answer.result);
    const { code, message } = answer.error;
    waiting?.reject(code === undefined ? new Error(message) : new GossamerError(code, `${this.name}: ${message}`));
  }

  #die(received: string, cause?: Error): void {
    this.#death ??= new GossamerError<TrainErrorCode>(
      'ERR_WORKER',
      `${this.name}: expected an answer, received ${received}`,
      { cause },
    );
    for (const { reject } of this.#waiting.values()) reject(this.#death);
    this.#waiting.clear();
  }
}
