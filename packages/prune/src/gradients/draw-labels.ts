import { type Model, Tensor } from '@gossamer/graph';
import { type DataSource, modelInputs, philox4x32, Session } from '@gossamer/runtime';

export interface DrawOptions {
  /** Samples at most. Default: all. */
  readonly limit?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** Samples that run at a time. */
const BATCH = 32;
/** Random numbers of the draws are a stream of their own. */
const STREAM = 0x6c61;

/**
 * For each sample, and each position of its first output, a class drawn from softmax(logits): int64, of the logits' shape without the axis of the classes (the last one; axis 1 of images, as in
 * cross-entropy). The mean of the squared gradients by such labels is the Fisher information. Draw i is the same whatever the batches are.
 */
export async function drawLabels(model: Model, source: DataSource, options: DrawOptions = {}): Promise<Tensor> {
  const { limit, seed = 0, threads, signal } = options;
  const drawn: bigint[] = [];
  let [samples, shape] = [0, [] as readonly number[]];
  const session = await Session.open(model, {
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
  });
  try {
    const wanted = { inputs: modelInputs(model), batchSize: BATCH };
    for await (const { feeds, count } of source.batches({
      ...wanted,
      ...(limit === undefined ? {} : { limit }),
      ...(signal ? { signal } : {}),
    })) {
      const [logits] = Object.values(await session.run(feeds));
      const { dims } = logits!;
      const axis = dims.length > 3 ? 1 : dims.length - 1;
      shape = dims.filter((_, i) => i !== axis && i !== 0);
      const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
      const positions = count * shape.reduce((a, b) => a * b, 1);
      const data = logits!.toFloat32();
      for (let i = 0; i < positions; i++) {
        const first = Math.floor(i / inner) * inner * dims[axis]! + (i % inner);
        const scores = Float64Array.from({ length: dims[axis]! }, (_, c) => data[first + c * inner]!);
        drawn.push(BigInt(drawClass(scores, uniform(seed, drawn.length))));
      }
      samples += count;
    }
  } finally {
    await session.dispose();
  }
  return Tensor.of('int64', [samples, ...shape], BigInt64Array.from(drawn));
}

/** The class at share `at`, in [0, 1), of the distribution softmax(scores). */
function drawClass(scores: Float64Array, at: number): number {
  const top = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = scores.map((score) => Math.exp(score - top));
  let left = at * powers.reduce((a, b) => a + b, 0);
  const found = powers.findIndex((power) => (left -= power) < 0);
  // Rounding may leave a rest behind the last class.
  return found < 0 ? scores.length - 1 : found;
}

function uniform(seed: number, draw: number): number {
  const words = new Uint32Array(4);
  philox4x32(words, Math.floor(draw / 4), 0, 0, STREAM, seed, 0);
  return words[draw % 4]! / 2 ** 32;
}
