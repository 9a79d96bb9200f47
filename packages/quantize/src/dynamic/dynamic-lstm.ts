import { type AttributeValue, type Node, Tensor, type WeightView } from '@gossamer/graph';
import { transpose2d } from '@gossamer/kernels';
import { freshNodeName, nodeName } from '../node-name.js';
import type { CodeStore } from '../weights/code-store.js';
import { quantizeChannelWeight, type QuantizedWeight } from '../weights/quantize-channels.js';
import type { WeightReader } from '../weights/weight-reader.js';

/** Why an LSTM cannot become DynamicQuantizeLSTM; undefined when it can. `views` are its W and R. */
export function refuseLstm(node: Node, views: readonly WeightView[]): string | undefined {
  if (node.int('layout', 0) !== 0) return 'DynamicQuantizeLSTM has no batch-first layout';
  const [w, r] = views;
  if (views.length !== 2 || !w || !r) return 'its weights are not constant';
  return undefined;
}

/** W and R of an LSTM as DynamicQuantizeLSTM takes them. */
export interface LstmWeights {
  readonly w: QuantizedWeight;
  readonly r: QuantizedWeight;
}

/** Quantizes W and R to int8 [directions, input, 4 * hidden], one scale a gate row; to 7 bits with `reduceRange`. */
export async function quantizeLstm(
  views: readonly WeightView[],
  reader: WeightReader,
  reduceRange: boolean,
): Promise<LstmWeights> {
  const [w, r] = views as [WeightView, WeightView];
  return { w: await quantizeGates(w, reader, reduceRange), r: await quantizeGates(r, reader, reduceRange) };
}

/** Rewrites LSTM to com.microsoft::DynamicQuantizeLSTM. Returns the bytes of the new constants. */
export function rewriteLstm(views: readonly WeightView[], weights: LstmWeights, store: CodeStore): number {
  const [w, r] = views as [WeightView, WeightView];
  const { node } = w;
  const { graph } = node;
  const { values: wq, bytes: wBytes } = store.add(w, weights.w, 'lstm');
  const { values: rq, bytes: rBytes } = store.add(r, weights.r, 'lstm');
  const rest = Array.from({ length: 5 }, (_, i) => node.input(3 + i));
  const results = [...node.outputs];
  for (const value of results) if (value) graph.detachOutput(value, `${value.name}_float`);
  graph.add(
    {
      op: 'DynamicQuantizeLSTM',
      domain: 'com.microsoft',
      name: freshNodeName(graph, `${nodeName(node)}_quant`),
      inputs: [node.input(0), wq.codes, rq.codes, ...rest, wq.scale, wq.zeroPoint, rq.scale, rq.zeroPoint],
      outputs: results,
      attributes: lstmAttributes(node),
    },
    { before: node },
  );
  graph.remove(node);
  return wBytes + rBytes;
}

/** [directions, 4 * hidden, input] per gate row -> codes [directions, input, 4 * hidden], scale [directions, 4 * hidden]. */
async function quantizeGates(view: WeightView, reader: WeightReader, reduceRange: boolean): Promise<QuantizedWeight> {
  const [directions, rows, columns] = view.shape as [number, number, number];
  const flat = [directions * rows, columns];
  const options = { dtype: 'int8', axis: 0, reduceRange, signal: reader.signal } as const;
  const weight = await reader.use(view, async (data) => quantizeChannelWeight(data, flat, options));
  const codes = new Uint8Array(directions * rows * columns);
  const bytes = weight.codes.bytes();
  for (let d = 0; d < directions; d++) {
    const from = d * rows * columns;
    transpose2d(
      bytes.subarray(from, from + rows * columns),
      rows,
      columns,
      codes.subarray(from, from + rows * columns),
    );
  }
  return {
    codes: Tensor.of('int8', [directions, columns, rows], codes),
    scale: weight.scale.reshaped([directions, rows]),
    zeroPoint: weight.zeroPoint.reshaped([directions, rows]),
    axis: 2,
  };
}

function lstmAttributes(node: Node): Record<string, AttributeValue> {
  const kept = [...node.attributes].filter(([name]) => name !== 'layout');
  return Object.fromEntries(kept.map(([name, item]) => [name, item.content]));
}
