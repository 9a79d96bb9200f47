import { type Model, Tensor } from '@gossamer/graph';
import { readNpz, Session } from '@gossamer/runtime';

const BATCH = 16;

/** Mean -log softmax(logits)[target] of each window (nats), by ONNX Runtime: `tokens` [n, positions] and `targets` alike, of an npz file. */
export async function windowLosses(model: Model, file: string): Promise<Float64Array> {
  const { tokens, targets } = (await readNpz(file)) as { tokens: Tensor; targets: Tensor };
  const [windows, positions] = tokens.dims as [number, number];
  const [inputs, wanted] = [tokens.toIntegers(), targets.toIntegers()];
  const session = await Session.open(model, { engine: 'ort' });
  const losses = new Float64Array(windows);
  try {
    for (let first = 0; first < windows; first += BATCH) {
      const count = Math.min(BATCH, windows - first);
      const batch = BigInt64Array.from(inputs.slice(first * positions, (first + count) * positions), BigInt);
      const { logits } = await session.run({ tokens: Tensor.of('int64', [count, positions], batch) });
      const scores = logits!.toFloat32();
      const classes = logits!.dims.at(-1)!;
      for (let i = 0; i < count * positions; i++) {
        const row = scores.subarray(i * classes, (i + 1) * classes);
        losses[first + Math.floor(i / positions)]! += surprise(row, wanted[first * positions + i]!) / positions;
      }
    }
  } finally {
    await session.dispose();
  }
  return losses;
}

function surprise(scores: Float32Array, target: number): number {
  let most = -Infinity;
  for (const score of scores) most = Math.max(most, score);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - most);
  return Math.log(sum) + most - scores[target]!;
}
