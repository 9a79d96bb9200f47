import type { Value } from '@gossamer/graph';
import type { Emitter } from '@gossamer/train';

/** log softmax(logits / temperature) over the last axis. */
export const logSoftmaxAt = (g: Emitter, logits: Value, temperature: number): Value =>
  g.op('LogSoftmax', [g.scale(logits, 1 / temperature)], { axis: -1 });

/** KL(p || q) of each row from log p and log q, [rows, classes] -> [rows]. */
export const divergence = (g: Emitter, logP: Value, logQ: Value): Value =>
  g.sum(g.mul(g.op('Exp', [logP]), g.sub(logP, logQ)), [1]);
