import { TrainingProof, ZOO_CASES } from './coverage/index.js';

/**
 * Of a gradient's largest element: forward and backward pass are at most 130 layers one behind the other, each within 3 units of roundoff
 * (6e-8) of the largest element of its result.
 */
const TOLERANCE = 130 * 3 * 6e-8;

/** Central differences with h = 1e-6 in double: h^2 f''' / 6, and 1e-16 f / h of rounding; both far below this of the slope. */
const DIFFERENCE = 1e-6;

test.each(ZOO_CASES)(
  '$name: gradients of native and ort are the exact ones, ten steps of Adam lower the loss',
  async (item) => {
    const proof = await TrainingProof.make(item);
    expect(proof.differenceError()).toBeLessThan(DIFFERENCE);
    const native = await proof.open('native');
    const ort = await proof.open('ort');
    expect(native.warnings).toEqual([]);
    for (const session of [native, ort]) {
      const { error, at } = await proof.gradientError(session);
      if (!(error < TOLERANCE))
        throw new Error(`${session.engine}, ${at}: expected below ${TOLERANCE}, received ${error}`);
    }
    const losses = await proof.losses(native, 10);
    expect(losses[10]).toBeLessThan(losses[0]!);
    await native.dispose();
    await ort.dispose();
  },
);
