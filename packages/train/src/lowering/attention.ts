import { GossamerError, type Node, Tensor, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import type { TrainErrorCode } from '../error-codes.js';
import { byHeads, joinHeads } from './heads.js';
import { defineLowering } from './lowering.js';

/** Far below every score: the exponential of what is hidden is exactly 0, and nothing becomes NaN where all is. */
const HIDDEN = -1e30;

function refuse(node: Node, expected: string, received: string): never {
  throw new GossamerError<TrainErrorCode>(
    'ERR_TRAINING_FORM',
    `node ${node.id}: Attention: expected ${expected}, received ${received}`,
  );
}

/** Which keys a query may see by its place: causal order, and a window around it. */
interface Places {
  readonly sees: readonly boolean[];
  readonly queries: number;
  readonly keys: number;
}

/** Query i stands at key position i + past. Undefined: all see all. */
function placesOf(node: Node, queries: number, keys: number, past: number): Places | undefined {
  const causal = node.int('is_causal', 0) === 1;
  const [left, right] = [node.int('left_window_size', -1), node.int('right_window_size', -1)];
  if (!causal && left < 0 && right < 0) return undefined;
  const sees = Array.from({ length: queries * keys }, (_, at) => {
    const [position, key] = [Math.floor(at / keys) + past, at % keys];
    if (causal && key > position) return false;
    return (left < 0 || key >= position - left) && (right < 0 || key <= position + right);
  });
  return { sees, queries, keys };
}

const hasBlindQuery = ({ sees, queries, keys }: Places): boolean =>
  Array.from({ length: queries }, (_, i) => sees.slice(i * keys, (i + 1) * keys)).some((row) => !row.includes(true));

/** Probabilities of scores [batch, heads, queries, keys]: 0 where the mask or the places hide a key, and for queries that see none. */
function probabilities(g: Emitter, scores: Value, mask: Value | undefined, places: Places | undefined): Value {
  const shape = places && [places.queries, places.keys];
  const dtype = g.dtype(scores);
  if (!mask && places && !hasBlindQuery(places)) {
    const added = Float32Array.from(places.sees, (sees) => (sees ? 0 : HIDDEN));
    return g.op('Softmax', [g.add(scores, g.tensor(Tensor.of('float32', shape!, added), 'mask'))], { axis: -1 });
  }
  const visible = [
    ...(places ? [g.tensor(Tensor.fromNumbers('bool', shape!, places.sees.map(Number)), 'mask')] : []),
    ...(mask ? [g.dtype(mask) === 'bool' ? mask : g.op('Greater', [mask, g.constant(-Infinity, g.dtype(mask))])] : []),
  ];
  if (visible.length === 0) return g.op('Softmax', [scores], { axis: -1 });
  const isSeen = visible.reduce((a, b) => g.op('And', [a, b]));
  const biased = mask && g.dtype(mask) !== 'bool' ? g.add(scores, mask) : scores;
  const shares = g.op('Softmax', [g.where(isSeen, biased, g.constant(HIDDEN, dtype))], { axis: -1 });
  return g.where(isSeen, shares, g.constant(0, dtype));
}

/** Keys or values up to what a mask of the operator's version 24 covers; those beyond are hidden. */
function covered(g: Emitter, node: Node, x: Value, mask: Value | undefined): Value {
  const keys = g.shape(x)[2]!;
  const width = mask ? g.shape(mask).at(-1)! : keys;
  if (width === keys) return x;
  // One column broadcasts in version 23 and hides all keys but one in version 24.
  if (width === 1) refuse(node, 'a mask of more than one column', 'one');
  return g.slice(x, [2], [0], [width]);
}

/**
 * Scaled dot-product attention of the standard (opset 23, 24): grouped heads, cached keys, soft cap, masks, causal order and windows. Heads that
 * share keys are rows of one product. The lengths of unpadded sequences and the output of scores are for inference, and refused.
 */
export const attentionLowering = defineLowering({
  op: 'Attention',
  lower(g, node, inputs) {
    const [query, key, value, mask, pastKey, pastValue, lengths] = inputs;
    if (lengths) refuse(node, 'no input nonpad_kv_seqlen', 'one');
    if (node.outputs[3]) refuse(node, 'no output of its scores', 'one');
    const q = byHeads(g, query!, node.int('q_num_heads', 1));
    const [freshKeys, freshValues] = [key!, value!].map((x) => byHeads(g, x, node.int('kv_num_heads', 1)));
    const k = pastKey ? g.concat([pastKey, freshKeys!], 2) : freshKeys!;
    const v = pastValue ? g.concat([pastValue, freshValues!], 2) : freshValues!;
    const [seen, seenValues] = [k, v].map((x) => covered(g, node, x, mask)) as [Value, Value];
    const [batch, heads, queries, size] = g.shape(q) as [number, number, number, number];
    const [, shared, keys, width] = g.shape(seenValues) as [number, number, number, number];
    const rows = (heads / shared) * queries;
    const scaled = g.scale(g.reshape(q, [batch, shared, rows, size]), node.float('scale', 1 / Math.sqrt(size)));
    const scores = g.reshape(g.matmul(scaled, seen, false, true), [batch, heads, queries, keys]);
    const cap = node.float('softcap', 0);
    const capped = cap === 0 ? scores : g.scale(g.op('Tanh', [g.scale(scores, 1 / cap)]), cap);
    const past = pastKey ? g.shape(pastKey)[2]! : 0;
    const shares = probabilities(g, capped, mask, placesOf(node, queries, keys, past));
    const sum = g.matmul(g.reshape(shares, [batch, shared, rows, keys]), seenValues);
    const output = g.reshape(sum, [batch, heads, queries, width]);
    return [g.rank(query!) === 4 ? output : joinHeads(g, output), k, v];
  },
});
