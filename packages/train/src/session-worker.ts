import type { Tensor } from '@gossamer/graph';
import { GossamerError, isGossamerError } from '@gossamer/graph';
import { parseModel } from '@gossamer/graph/onnx';
import { parentPort } from 'node:worker_threads';
import type { TrainErrorCode } from './error-codes.js';
import type { FeedRequest, Opened, OpenRequest, RunRequest } from './parallel/remote-session.js';
import { pack, type Parcel, unpack } from './parallel/wire.js';
import type { WorkerAnswer } from './parallel/worker-link.js';
import { openTrainingSession, type TrainingSession } from './step/training-session.js';

// A worker of RemoteSession: holds sessions, and answers one request after the other.
interface Held {
  readonly session: TrainingSession;
  readonly inputs: readonly string[];
}

const sessions = new Map<number, Held>();
const memory = new Map<string, Tensor>();

async function open({ session, model, ...options }: OpenRequest): Promise<Opened> {
  const graph = parseModel(model);
  const { engine = 'auto', threads = 1, blockedLayout = false } = options;
  const opened = await openTrainingSession(graph, { engine, threads, blockedLayout });
  const inputs = graph.graph.inputs.filter(({ initializer }) => !initializer).map(({ name }) => name);
  sessions.set(session, { session: opened, inputs });
  return { engine: opened.engine, warnings: opened.warnings };
}

async function run({ session, feeds }: RunRequest): Promise<Parcel> {
  unpack(feeds, memory);
  const held = sessions.get(session)!;
  const fed = Object.fromEntries(held.inputs.map((name) => [name, fedTensor(name)]));
  return pack(await held.session.run(fed), feeds.buffer);
}

function feed({ feeds }: FeedRequest): Parcel {
  unpack(feeds, memory);
  return feeds;
}

function fedTensor(name: string): Tensor {
  const tensor = memory.get(name);
  if (tensor) return tensor;
  throw new GossamerError<TrainErrorCode>('ERR_TRAIN_DATA', `feeds: expected input ${name}, received none`);
}

async function close(): Promise<void> {
  for (const { session } of sessions.values()) await session.dispose();
  parentPort!.close();
}

type Request = { readonly id: number } & (OpenRequest | RunRequest | FeedRequest | { readonly call: 'close' });

async function answer(request: Request): Promise<void> {
  if (request.call === 'close') return close();
  const { id } = request;
  const reply = (message: WorkerAnswer, transfer: ArrayBuffer[] = []) => parentPort!.postMessage(message, transfer);
  try {
    if (request.call === 'open') return reply({ id, result: await open(request) });
    const result = request.call === 'feed' ? feed(request) : await run(request);
    return reply({ id, result }, [result.buffer]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return reply({ id, error: { code: isGossamerError(error) ? error.code : undefined, message } });
  }
}

let last = Promise.resolve();
// Outside of a worker there is nobody to work for.
parentPort?.on('message', (request: Request) => {
  last = last.then(() => answer(request));
});
