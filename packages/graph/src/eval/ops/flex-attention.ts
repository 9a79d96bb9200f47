import type { DType } from '../../dtype.js';
import type { EvalTensor } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { mapRows } from '../rows.js';
import { permute, reshape } from '../strided.js';
import { convert, dtypeAttribute } from './cast.js';
import { matmul } from './matmul.js';
import { softmaxRow } from './softmax.js';

/** The subgraph of the node under `name` applied to `x`; `x` itself without one. */
function modified(call: KernelCall, name: string, x: EvalTensor): EvalTensor {
  const graph = call.node.subgraph(name);
  if (!graph) return x;
  const [y] = call.runSubgraph(graph, [x]);
  if (y?.kind !== 'tensor' || y.dims.join(',') !== x.dims.join(',')) {
    call.fail('ERR_EVAL_SHAPE', name, `[${x.dims.join(',')}]`, y?.kind === 'tensor' ? `[${y.dims.join(',')}]` : 'none');
  }
  return y;
}

/** Attention over [batch, heads, length, size] whose scores and probabilities subgraphs may change. Source: Dong et al. 2024, Flex Attention. */
function flexAttention(call: KernelCall): EvalTensor {
  const [q, k, v] = [call.tensor(0), call.tensor(1), call.tensor(2)];
  const [batch = 0, heads = 0, queries = 0, size = 0] = q.dims;
  const [, shared = 0, keys = 0, width = 0] = v.dims;
  if (q.dims.length !== 4 || k.dims.length !== 4 || v.dims.length !== 4 || heads % shared !== 0) {
    call.fail(
      'ERR_EVAL_SHAPE',
      'inputs',
      'rank 4, query heads a multiple of key heads',
      `${heads} and ${shared} heads`,
    );
  }
  const group = heads / shared;
  const stage: DType = dtypeAttribute(call, 'softmax_precision', q.dtype === 'float64' ? 'float64' : 'float32');
  // Heads that share keys are rows of one product.
  const grouped = (x: EvalTensor) => reshape(x, [batch, shared, group * queries, x.dims[3]!]);
  const scale = call.node.float('scale', 1 / Math.sqrt(size));
  const scaled = convert(call, grouped(q), stage);
  const product = matmul(call, scaled, permute(call, convert(call, k, stage), [0, 1, 3, 2]));
  const scores = mapRows(call, reshape(product, [batch, heads, queries, keys]), [3], (row) => {
    for (let i = 0; i < row.length; i++) row[i]! *= scale;
  });
  const weights = mapRows(call, modified(call, 'score_mod', scores), [3], softmaxRow);
  const chosen = convert(call, modified(call, 'prob_mod', weights), q.dtype);
  const y = matmul(call, reshape(chosen, [batch, shared, group * queries, keys]), v);
  return reshape(y, [batch, heads, queries, width]);
}

export const flexAttentionKernel: Kernel = defineKernel({
  op: 'FlexAttention',
  domain: 'ai.onnx.preview',
  run: (call) => [flexAttention(call)],
});
