import { attribute, type Node, Tensor, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { addBefore, replaceNode } from '../edit/node-edits.js';

/** MatMul by a constant matrix and Gemm become Linear; what a Gemm adds that is no constant row stays an Add behind it. */
export function linearLayers(compilation: Compilation): void {
  for (const node of compilation.graph.nodes()) {
    if (node.isStandard('MatMul') && compilation.has('Linear')) fromMatMul(node, compilation);
    if (node.isStandard('Gemm')) fromGemm(node, compilation);
  }
}

function fromMatMul(node: Node, compilation: Compilation): void {
  const [x, w] = [node.input(0)!, node.input(1)!];
  if (w.constant?.dims.length !== 2 || w.constant.dtype !== 'float32' || (compilation.rankOf(x) ?? 0) < 2) return;
  replaceNode(compilation, node, { op: 'Linear', inputs: [x, w], attributes: { trans_b: attribute.int(0) } });
}

function fromGemm(node: Node, compilation: Compilation): void {
  const { graph } = compilation;
  if (compilation.dtypeOf(node.output) !== 'float32') return;
  const [w, c] = [node.input(1)!, node.input(2)];
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
  const isLinear = w.constant?.dims.length === 2 && compilation.has('Linear');
  const x = node.int('transA', 0) === 1 ? turned(node.input(0)!, node, compilation) : node.input(0)!;
  if (!isLinear && !compilation.has('MatMul')) return;
  const transB = node.int('transB', 0);
  const weight = isLinear && alpha !== 1 ? scaled(w, alpha, compilation) : w;
  const columns = w.constant?.dims[transB === 1 ? 0 : 1];
  const bias = isLinear && columns !== undefined ? biasRow(c, beta, columns, compilation) : undefined;
  const spec = isLinear
    ? { op: 'Linear', inputs: [x, weight, ...(bias ? [bias] : [])], attributes: { trans_b: attribute.int(transB) } }
    : { op: 'MatMul', domain: '', inputs: [x, transB === 1 ? turned(w, node, compilation) : w] };
  if (!c || bias || beta === 0) {
    const product = isLinear || alpha === 1 ? undefined : multiplied(spec, alpha);
    if (!product) replaceNode(compilation, node, spec);
    else replaceNode(compilation, node, product);
    return;
  }
  const type = { dtype: 'float32' as const, shape: compilation.shapeOf(node.output) };
  let product = addBefore(
    compilation,
    node,
    { ...spec, name: node.name },
    { name: `${node.output.name}_product`, ...type },
  );
  if (!isLinear && alpha !== 1) product = times(product, alpha);
  const addend = beta === 1 ? c : times(c, beta);
  replaceNode(compilation, node, { op: 'Add', domain: '', name: `${node.name}_bias`, inputs: [product, addend] });

  function times(value: Value, factor: number): Value {
    const scalar = graph.addInitializer('factor', Tensor.scalar('float32', factor));
    const result = { name: `${value.name}_scaled`, dtype: 'float32' as const, shape: compilation.shapeOf(value) };
    return addBefore(compilation, node, { op: 'Mul', domain: '', inputs: [value, scalar] }, result);
  }

  function multiplied(inner: Parameters<typeof addBefore>[2], factor: number) {
    const shape = compilation.shapeOf(node.output);
    const value = addBefore(compilation, node, inner, { name: `${node.output.name}_product`, dtype: 'float32', shape });
    const scalar = graph.addInitializer('factor', Tensor.scalar('float32', factor));
    return { op: 'Mul', domain: '', inputs: [value, scalar] };
  }
}

function turned(value: Value, before: Node, compilation: Compilation): Value {
  const shape = compilation.shapeOf(value);
  const spec = { op: 'Transpose', domain: '', inputs: [value], attributes: { perm: attribute.ints([1, 0]) } };
  const result = {
    name: `${value.name}_turned`,
    dtype: compilation.dtypeOf(value),
    shape: shape && [...shape].reverse(),
  };
  return addBefore(compilation, before, spec, result);
}

function scaled(weight: Value, factor: number, { graph }: Compilation): Value {
  const values = weight.constant!.toFloat64().map((w) => w * factor);
  return graph.addInitializer(`${weight.name}_scaled`, Tensor.fromNumbers('float32', weight.constant!.dims, values));
}

/** beta·c as a row [columns]; undefined where it is none, or no constant. */
function biasRow(c: Value | undefined, beta: number, columns: number, { graph }: Compilation): Value | undefined {
  const tensor = c?.constant;
  if (!c || !tensor) return undefined;
  const isRow = tensor.length === columns && tensor.dims.at(-1) === columns;
  if (!isRow && tensor.length !== 1) return undefined;
  if (isRow && tensor.dims.length === 1 && beta === 1) return c;
  const data = tensor.toFloat64();
  const row = Float64Array.from({ length: columns }, (_, n) => beta * data[isRow ? n : 0]!);
  return graph.addInitializer(`${c.name}_row`, Tensor.fromNumbers('float32', [columns], row));
}
