import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { GraphBuilder } from '../../builder.js';
import { serializeModel } from '../../onnx/index.js';
import { tagger } from '../../zoo/index.js';
import { randomTensor } from '../testing/random.js';
import { convertFloat16 } from './convert-float16.js';

/** A product behind a Transpose, batch first as recurrent exports have it. */
function model(perm: readonly number[]) {
  const g = new GraphBuilder('net');
  const turned = g.op(
    'Transpose',
    [
      g.input(
        'x',
        'float32',
        perm.map(() => 8),
      ),
    ],
    { perm },
  );
  const product = g.op('MatMul', [turned, g.graph.addInitializer('w', randomTensor([8, 5], 1))]);
  return g.output(product, 'y').model();
}

test.each([
  [[1, 0, 2], 1],
  [[1, 2, 0], 1],
  [[1, 2, 0, 3], 1],
  [[0, 2, 1], 0],
  [[2, 0, 1], 0],
  [[1, 0], 0],
])(
  'a product behind perm %j opens in ONNX Runtime with its optimisations on; %d nodes stay in float32',
  async (perm, kept) => {
    const half = convertFloat16(model(perm));
    expect(half.kept.size).toBe(kept);
    const session = await InferenceSession.create(serializeModel(half.model), { logSeverityLevel: 4 });
    const x = new OrtTensor(
      'float32',
      new Float32Array(8 ** perm.length).fill(0.5),
      perm.map(() => 8),
    );
    expect((await session.run({ x }))['y']!.dims.at(-1)).toBe(5);
    await session.release();
  },
);

test('a tagger of recurrent layers opens too', async () => {
  const session = await InferenceSession.create(serializeModel(convertFloat16(tagger()).model), {
    logSeverityLevel: 4,
  });
  await session.release();
});
