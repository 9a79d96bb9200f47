import { attribute, type Value, type WeightView } from '@gossamer/graph';
import { transposeMatrix } from '@gossamer/kernels';
import type { Factors, Stage } from '../methods/method.js';
import { type FactorStore, freshNodeName } from './stage-weight.js';

/**
 * MatMul (Gemm for an input that lies transposed), then the layer's own node with the last factor: its name, bias, alpha and beta stay where they are. A sparse part is a product
 * beside them, added behind.
 */
export function writeProduct(view: WeightView, { stages, last, sparse }: Factors, store: FactorStore): void {
  const { node, inputIndex } = view;
  const { graph } = node;
  const isRight = inputIndex === 1;
  // As stored for x W, that is [in, out]; the other way round for W x.
  const place = (key: string, { weight, dims }: Stage, isTransposed: boolean) => {
    const [out, inner] = dims as [number, number];
    return isTransposed
      ? store.value(key, [inner, out], () => transposeMatrix(weight, out, inner))
      : store.value(key, [out, inner], () => weight);
  };
  const x = node.input(1 - inputIndex)!;
  const first = place('factor_0', stages[0]!, isRight);
  const isSwapped = node.op === 'Gemm' && node.int('transA', 0) !== 0;
  const prefix = graph.add(
    {
      op: isSwapped ? 'Gemm' : 'MatMul',
      name: freshNodeName(node, 'factor_0'),
      inputs: isRight ? [x, first] : [first, x],
      outputs: [`${node.output.name}_factor_0`],
      ...(isSwapped ? { attributes: { transA: attribute.int(1) } } : {}),
    },
    { before: node },
  );
  graph.setInput(node, 1 - inputIndex, prefix.output);
  graph.setInput(node, inputIndex, place('factor_1', last, view.outAxis > view.inAxis));
  if (isSwapped) graph.setAttribute(node, 'transA', undefined);
  if (sparse) addSparse(view, sparse, store, x);
}

function addSparse(view: WeightView, sparse: Float64Array, store: FactorStore, x: Value): void {
  const { node, inputIndex } = view;
  const { graph, output } = node;
  const isRight = inputIndex === 1;
  const [rows, columns] = [view.shape[view.outAxis]!, view.shape[view.inAxis]!];
  const alpha = node.op === 'Gemm' ? node.float('alpha', 1) : 1;
  const scaled = () => sparse.map((element) => element * alpha);
  const weight = isRight
    ? store.sparse('sparse', [columns, rows], () => transposeMatrix(scaled(), rows, columns))
    : store.sparse('sparse', [rows, columns], scaled);
  const low = graph.detachOutput(output, graph.uniqueName(`${output.name}_low_rank`));
  const product = graph.add(
    {
      op: 'MatMul',
      name: freshNodeName(node, 'sparse'),
      inputs: isRight ? [x, weight] : [weight, x],
      outputs: [`${output.name}_sparse`],
    },
    { after: node },
  );
  graph.add(
    { op: 'Add', name: freshNodeName(node, 'add'), inputs: [low, product.output], outputs: [output] },
    { after: product },
  );
}
