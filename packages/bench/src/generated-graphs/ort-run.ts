import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

/** Float32 inputs or outputs by name. */
export type Arrays = Readonly<Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>>;

/** Runs a model in ONNX Runtime with all its own optimisations off, one thread, once for each of `feeds`. */
export async function ortRun(model: Uint8Array, feeds: readonly Arrays[]): Promise<Arrays[]> {
  const session = await InferenceSession.create(model, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // How a sum is split must not depend on which operand is constant.
    extra: { session: { disable_prepacking: '1' } },
  });
  try {
    const results: Arrays[] = [];
    for (const fed of feeds) {
      const given = Object.entries(fed).map(([name, { dims, data }]) => [name, new OrtTensor('float32', data, dims)]);
      const outputs = await session.run(Object.fromEntries(given) as Record<string, OrtTensor>);
      results.push(
        Object.fromEntries(
          Object.entries(outputs).map(([name, { dims, data }]) => [
            name,
            { dims, data: (data as Float32Array).slice() },
          ]),
        ),
      );
    }
    return results;
  } finally {
    await session.release();
  }
}
