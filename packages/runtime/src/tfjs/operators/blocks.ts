import { type Call, first } from '../call.js';
import { ALL, type Result, type TfjsOperator } from '../operator.js';

/** Channels become blocks of pixels: of the order DCR depth is the outer part of a channel's number, of CRD the inner one. */
function depthToSpace(call: Call): Result {
  const { tf, node } = call;
  const size = node.int('blocksize', 1);
  const [n = 1, channels = 1, height = 1, width = 1] = call.shape(0);
  const depth = channels / (size * size);
  const isInner = node.string('mode', 'DCR') === 'DCR';
  const split = isInner ? [n, size, size, depth, height, width] : [n, depth, size, size, height, width];
  const perm = isInner ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
  const blocks = tf.transpose(tf.reshape(call.first(0), split), perm);
  return first(tf.reshape(blocks, [n, depth, height * size, width * size]));
}

function spaceToDepth(call: Call): Result {
  const { tf, node } = call;
  const size = node.int('blocksize', 1);
  const [n = 1, channels = 1, height = 1, width = 1] = call.shape(0);
  const split = tf.reshape(call.first(0), [n, channels, height / size, size, width / size, size]);
  const blocks = tf.transpose(split, [0, 3, 5, 1, 2, 4]);
  return first(tf.reshape(blocks, [n, channels * size * size, height / size, width / size]));
}

export const blockOperators: readonly TfjsOperator[] = [
  { op: 'DepthToSpace', types: ALL, run: depthToSpace },
  { op: 'SpaceToDepth', types: ALL, run: spaceToDepth },
];
