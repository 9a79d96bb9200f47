import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { LatencyAnswer, OpenMessage, PlainTensor, RunMessage } from './harness/latency-messages.js';

// The child process of pairedLatency(): opens one model, then times runs when it is told to.
let session: InferenceSession | undefined;
let feeds: Record<string, Tensor> = {};

process.on('message', (message: OpenMessage | RunMessage) => {
  const answer = message.kind === 'open' ? open(message) : time(message);
  answer.then(
    (reply) => process.send!(reply),
    (error: unknown) => process.send!({ error: String(error) } satisfies LatencyAnswer),
  );
});

async function open(message: OpenMessage): Promise<LatencyAnswer> {
  session = await InferenceSession.create(message.path, {
    intraOpNumThreads: message.threads,
    interOpNumThreads: 1,
    // A worker that spins after a run would take its core from the other model's turn.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  feeds = Object.fromEntries(message.feeds.map((tensor) => [tensor.name, toOrt(tensor)]));
  return { ms: 0, cpuMs: 0 };
}

async function time({ runs }: RunMessage): Promise<LatencyAnswer> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < runs; i++) await session!.run(feeds);
  const ms = (performance.now() - start) / runs;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000 / runs };
}

function toOrt({ dtype, data, dims }: PlainTensor): Tensor {
  return new Tensor(dtype as 'float32', data as Float32Array, dims);
}
