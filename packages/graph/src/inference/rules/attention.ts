import { type DType, dtypeFromCode } from '../../dtype.js';
import { addDims, type Dim, divideDims, multiplyDims } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { tensorType } from '../../ir/value-type.js';
import { requireRank } from '../arguments.js';
import type { Shape } from '../dims.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { agreedDim } from './concat.js';

/** [batch, sequence, heads * size] or [batch, heads, sequence, size] in one form. */
interface Heads {
  readonly batch: Dim;
  readonly heads: Dim;
  readonly sequence: Dim;
  readonly size: Dim;
}

function headsOf(shape: Shape | undefined, heads: number | undefined): Heads | undefined {
  if (!shape) return undefined;
  if (shape.length === 4) return { batch: shape[0], heads: shape[1], sequence: shape[2], size: shape[3] };
  return { batch: shape[0], heads, sequence: shape[1], size: divideDims(shape[2], heads) };
}

/** What version 25 states of inputs, outputs and attributes together (and nothing that ran before says otherwise). */
function checkAttention(node: Node, context: InferenceContext, rank: number | undefined): void {
  for (const name of ['left_window_size', 'right_window_size']) {
    const size = node.int(name, -1);
    if (size < -1) throw context.error(name, 'an integer >= -1', size);
  }
  const given = (slot: number) => node.outputs[slot] !== undefined;
  const [past, present] = [context.has(4), given(1)];
  if (past !== context.has(5)) throw context.error('past_key and past_value', 'both or none', 'one');
  if (present !== given(2)) throw context.error('present_key and present_value', 'both or none', 'one');
  if (context.has(6) && (past || present)) throw context.error('nonpad_kv_seqlen', 'no past or present cache', 'both');
  const named = node.has('q_num_heads') || node.has('kv_num_heads');
  if (rank === 4 && named) throw context.error('q_num_heads and kv_num_heads', 'none for inputs of rank 4', 'given');
}

/** Attention of version 23: Q, K, V in rank 3 or 4; past and present keys and values in rank 4. */
const attention = defineRule({
  op: 'Attention',
  infer(node, context) {
    const shapes = [0, 1, 2].map((input) => requireRank(context, input, 3, 4));
    if (context.opset >= 25) checkAttention(node, context, shapes[0]?.length);
    const query = headsOf(shapes[0], node.int('q_num_heads', undefined));
    const kvHeads = node.int('kv_num_heads', undefined);
    const [key, value] = [headsOf(shapes[1], kvHeads), headsOf(shapes[2], kvHeads)];
    const dtype = context.dtypeOf(0);
    const flat = shapes[0]?.length === 3;
    const output = flat
      ? [query?.batch, query?.sequence, multiplyDims(query?.heads, value?.size)]
      : [query?.batch, query?.heads, query?.sequence, value?.size];
    context.setTensor(0, dtype, shapes[0] && output);
    const total = context.has(4) ? addDims(requireRank(context, 4, 4)?.[2], key?.sequence) : key?.sequence;
    context.setTensor(1, context.dtypeOf(1), [key?.batch, key?.heads, total, key?.size]);
    context.setTensor(2, context.dtypeOf(2), [value?.batch, value?.heads, total, value?.size]);
    context.setTensor(3, dtype, [query?.batch, query?.heads, query?.sequence, total]);
  },
});

const rotaryEmbedding = defineRule({ op: 'RotaryEmbedding', infer: (_, context) => context.set(0, context.typeOf(0)) });

/** The dtype two inputs share. */
function agreedDType(context: InferenceContext, a: DType | undefined, b: DType | undefined): DType | undefined {
  if (a && b && a !== b) throw context.error('inputs', `dtype ${a}`, b);
  return a ?? b;
}

function checkGroups(context: InferenceContext, heads: Dim, kvHeads: Dim): void {
  if (typeof heads !== 'number' || typeof kvHeads !== 'number' || heads === kvHeads) return;
  if (kvHeads === 0 || heads % kvHeads !== 0) throw context.error('query', `a multiple of ${kvHeads} heads`, heads);
}

/** Attention with bodies that modify scores and probabilities, both [b, q heads, q sequence, kv sequence]. */
const flexAttention = defineRule({
  op: 'FlexAttention',
  domain: 'ai.onnx.preview',
  infer(node, context) {
    const [query, key, value] = [0, 1, 2].map((input) => requireRank(context, input, 4));
    const dtype = [1, 2].reduce((own, input) => agreedDType(context, own, context.dtypeOf(input)), context.dtypeOf(0));
    for (const axis of [1, 2]) agreedDim(context, key?.[axis], value?.[axis]);
    agreedDim(context, query?.[3], key?.[3]);
    checkGroups(context, query?.[1], key?.[1]);
    const batch = [key, value].reduce((dim, shape) => agreedDim(context, dim, shape?.[0]), query?.[0]);
    const precision = node.int('softmax_precision', 0);
    const inner = precision === 0 ? (dtype === 'float64' ? dtype : 'float32') : dtypeFromCode(precision);
    const scores = { type: tensorType(inner, [batch, query?.[1], query?.[2], key?.[2]]) };
    for (const body of node.subgraphs()) context.inferSubgraph(body, [scores]);
    context.setTensor(0, dtype, [batch, query?.[1], query?.[2], value?.[3]]);
  },
});

export const attentionRules = [attention, rotaryEmbedding, flexAttention];
