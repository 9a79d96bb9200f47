import { GraphBuilder, Tensor } from '@gossamer/graph';
import { Session } from '@gossamer/runtime';
import { quantize } from '../quantize.js';
import { noise } from '../testing/emit-static.js';

const [inputs, outputs] = [64, 48];

async function product(accuracyLevel: 1 | 4) {
  const g = new GraphBuilder('product', { opset: 21 });
  const x = g.input('x', 'float32', ['rows', inputs]);
  const y = g.op('MatMul', [x, g.weight('w', [inputs, outputs], noise(inputs * outputs, 1))]);
  const model = g.output(y, 'y', 'float32', ['rows', outputs]).model();
  const options = { mode: 'weight-only', weights: 'int4', edgeBits: 4, accuracyLevel } as const;
  return Session.open((await quantize(model, options)).model, { threads: 1 });
}

test('at accuracy level 4 each row of the inputs has scales of its own', async () => {
  const [rounding, exact] = [await product(4), await product(1)];
  const row = noise(inputs, 2);
  const run = async (session: Session, ...rows: Float32Array[]) => {
    const x = Tensor.of('float32', [rows.length, inputs], Float32Array.from(rows.flatMap((values) => [...values])));
    return (await session.run({ x }))['y']!.toFloat32();
  };
  const alone = await run(rounding, row);
  // A row a thousand times larger beside it would leave one of its own, rounded by one scale for both, with no codes but 0.
  const beside = await run(
    rounding,
    row.map((value) => 1000 * value),
    row,
  );
  expect(beside.subarray(outputs)).toEqual(alone);
  const float = await run(exact, row);
  const distance = Math.max(...alone.map((value, i) => Math.abs(value - float[i]!)));
  expect(distance).toBeGreaterThan(0);
  expect(distance).toBeLessThan(0.02 * Math.max(...float.map(Math.abs)));
  await rounding.dispose();
  await exact.dispose();
});
