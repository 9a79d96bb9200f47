import { type Model, Tensor } from '@gossamer/graph';
import { Session, type SessionOptions } from '@gossamer/runtime';
import type { Dataset } from '@gossamer/train';
import type { Outcome } from './experiment-store.js';

const PIECE = 500;

/** Errors of a classifier on samples that nothing was chosen by, counted by ONNX Runtime if not otherwise. */
export async function testErrors(model: Model, test: Dataset, engine: SessionOptions = {}): Promise<Outcome> {
  const session = await Session.open(model, engine);
  const right = new Uint8Array(test.length);
  const { shape } = test.arrays.get('input')!;
  const size = shape.reduce((a, b) => a * b, 1);
  for (let first = 0; first < test.length; first += PIECE) {
    const count = Math.min(PIECE, test.length - first);
    const [input, labels] = [new Float32Array(count * size), new BigInt64Array(count)];
    test.read(
      Uint32Array.from({ length: count }, (_, i) => first + i),
      { input, labels },
    );
    const outputs = await session.run({ input: Tensor.of('float32', [count, ...shape], input) });
    const logits = Object.values(outputs)[0]!.toFloat32();
    const classes = logits.length / count;
    for (let row = 0; row < count; row++) {
      const scores = logits.subarray(row * classes, (row + 1) * classes);
      right[first + row] = scores.indexOf(Math.max(...scores)) === Number(labels[row]) ? 1 : 0;
    }
  }
  await session.dispose();
  const errors = right.reduce((sum, ok) => sum + 1 - ok, 0);
  return {
    figures: { errors, errorPercent: (100 * errors) / test.length },
    right: Buffer.from(right).toString('base64'),
  };
}
