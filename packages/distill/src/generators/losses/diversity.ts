import type { Value } from '@gossamer/graph';
import type { Emitter, Loss } from '@gossamer/train';
import { MADE, NOISE } from '../value-names.js';

/**
 * exp(-mean of ||code_i - code_j|| * mean |sample_i - sample_j|) over neighbours i, j of the batch (the paper takes all pairs): samples of codes far
 * apart are to differ.
 *
 * Source: Yoo et al., NeurIPS 2019, equation 6.
 */
export function diversity(): Loss {
  return {
    name: 'diversity',
    build({ g, value, batch }) {
      const codes = differences(g, value(NOISE), batch);
      const distance = g.op('Sqrt', [g.sum(g.mul(codes, codes), [1])]);
      const apart = g.mean(g.op('Abs', [differences(g, value(MADE), batch)]), [1]);
      return g.op('Exp', [g.neg(g.mean(g.mul(distance, apart), [0]))]);
    },
  };
}

/** Rows minus the next row, [batch, ...] -> [batch, elements]; the last minus the first. */
function differences(g: Emitter, values: Value, batch: number): Value {
  const rows = g.reshape(values, [batch, g.size(values) / batch]);
  const next = g.concat([g.slice(rows, [0], [1], [batch]), g.slice(rows, [0], [0], [1])], 0);
  return g.sub(rows, next);
}
