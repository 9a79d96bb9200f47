import { attribute } from '@gossamer/graph';
import { checkGradient } from '../testing/check-gradient.js';

const FORMS = [0, 1].flatMap((transA) => [0, 1].map((transB) => [transA, transB] as const));

test.each(FORMS)('Gemm with transA %i and transB %i', (transA, transB) => {
  for (const c of [[2], [3, 1], []]) {
    const inputs = { a: { shape: transA ? [4, 3] : [3, 4] }, b: { shape: transB ? [2, 4] : [4, 2] }, c: { shape: c } };
    checkGradient(inputs, (g, { a, b, c }) =>
      g.op('Gemm', [a, b, c], { transA, transB, alpha: attribute.float(0.5), beta: attribute.float(2) }),
    );
  }
});
