import type { Model, Tensor } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import type { TrainingEngine } from '../step/training-session.js';
import { pack, type Parcel, view } from './wire.js';
import type { WorkerLink } from './worker-link.js';

/** How the sessions in workers run. */
export interface RemoteOptions {
  /** Default 'auto'. */
  readonly engine?: TrainingEngine;
  /** Threads of each worker. Default 1. */
  readonly threads?: number;
  /** As in TrainingSessionOptions. Default false. */
  readonly blockedLayout?: boolean;
}

/** Asks a worker to open a model; its result says how it runs. */
export interface OpenRequest extends RemoteOptions {
  readonly call: 'open';
  readonly session: number;
  readonly model: Uint8Array;
}

export interface Opened {
  readonly engine: string;
  readonly warnings: readonly string[];
}

/** Asks a worker to run a session once on what is fed now, and for what is not on what was fed to this worker last under that name. */
export interface RunRequest {
  readonly call: 'run';
  readonly session: number;
  readonly feeds: Parcel;
}

/** Hands a worker what sessions run on later. */
export interface FeedRequest {
  readonly call: 'feed';
  readonly feeds: Parcel;
}

/** A session in a worker thread. What is fed travels there once: the worker keeps it, for all its sessions, until something else is fed under the name. */
export class RemoteSession {
  readonly engine: string;
  readonly warnings: readonly string[];
  /** Buffers that have come back. */
  readonly #spare: ArrayBuffer[] = [];

  private constructor(
    private readonly link: WorkerLink,
    private readonly session: number,
    opened: Opened,
  ) {
    this.engine = opened.engine;
    this.warnings = opened.warnings;
  }

  /** `session`: its number in the worker. */
  static async open(link: WorkerLink, session: number, model: Model, options: RemoteOptions): Promise<RemoteSession> {
    const { engine = 'auto', threads = 1, blockedLayout = false } = options;
    const request: OpenRequest = {
      call: 'open',
      session,
      model: serializeModel(model),
      engine,
      threads,
      blockedLayout,
    };
    return new RemoteSession(link, session, await link.ask<Opened>(request));
  }

  /** Feeds what the runs behind this have in common. */
  async feed(feeds: Readonly<Record<string, Tensor>>): Promise<void> {
    const parcel = pack(feeds, this.#spare.pop());
    const request: FeedRequest = { call: 'feed', feeds: parcel };
    this.#spare.push((await this.link.ask<Parcel>(request, [parcel.buffer])).buffer);
  }

  /** Runs behind what was asked of the worker before; `read` sees the outputs, whose memory is used again when it returns. */
  async run<Result>(
    feeds: Readonly<Record<string, Tensor>>,
    read: (outputs: Readonly<Record<string, Tensor>>) => Result,
  ): Promise<Result> {
    const outputs = await this.start(feeds);
    return outputs(read);
  }

  /** As `run`, in two steps: sends at once, and gives what reads the outputs. */
  async start(
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<<Result>(read: (outputs: Readonly<Record<string, Tensor>>) => Result) => Result> {
    const parcel = pack(feeds, this.#spare.pop());
    const request: RunRequest = { call: 'run', session: this.session, feeds: parcel };
    const answer = await this.link.ask<Parcel>(request, [parcel.buffer]);
    return (read) => {
      const result = read(view(answer));
      this.#spare.push(answer.buffer);
      return result;
    };
  }
}
