import { attribute, type Node, storeConstant, Tensor } from '@gossamer/graph';

/**
 * Adds `amount`, one number an output channel, to all results of a convolution, Gemm or MatMul: into its bias where it has a constant one
 * (a MatMul's is the Add behind it), else by a bias or an Add of its own.
 */
export function addToBias(node: Node, amount: Float64Array): void {
  if (node.op === 'Gemm') return addToGemm(node, amount);
  if (node.op.includes('Conv')) return addToConv(node, amount);
  const sum = sumBehind(node);
  const bias = sum?.node.input(sum.slot)!.constant;
  if (sum && bias?.length === amount.length && bias.dims.at(-1) === amount.length) {
    return replaceConstant(sum.node, sum.slot, sumWith(bias, amount));
  }
  addBehind(node, amount);
}

/** The sum behind a MatMul that nothing else reads, and the slot of its constant vector; undefined without one. */
export function sumBehind({ output }: Node): { readonly node: Node; readonly slot: number } | undefined {
  const [use] = output.uses;
  if (!use?.node.isStandard('Add') || output.uses.length > 1 || output.isOutput) return undefined;
  const bias = use.node.input(1 - use.index)?.constant;
  const isVector = bias?.dtype === 'float32' && bias.length === bias.dims.at(-1);
  return isVector ? { node: use.node, slot: 1 - use.index } : undefined;
}

/** Puts a tensor in the place of a constant, for this node alone. */
export function replaceConstant(node: Node, slot: number, tensor: Tensor): void {
  const value = node.input(slot)!;
  if (value.uses.length === 1 && !value.isOutput) storeConstant(value, tensor);
  else node.graph.setInput(node, slot, node.graph.addInitializer(`${value.name}_own`, tensor));
}

function addToConv(node: Node, amount: Float64Array): void {
  const bias = node.input(2);
  if (bias?.constant) return replaceConstant(node, 2, sumWith(bias.constant, amount));
  if (bias) return addBehind(node, amount, node.input(1)!.constant?.dims.length);
  const value = node.graph.addInitializer(`${node.output.name}_bias`, vector(amount));
  node.graph.setInput(node, 2, value);
}

function addToGemm(node: Node, amount: Float64Array): void {
  const [bias, beta] = [node.input(2), node.float('beta', 1)];
  if (!bias) {
    node.graph.setInput(node, 2, node.graph.addInitializer(`${node.output.name}_bias`, vector(amount)));
    node.graph.setAttribute(node, 'beta', attribute.float(1));
    return;
  }
  const isWide = bias.constant?.dims.at(-1) === amount.length;
  if (!bias.constant || !isWide || beta === 0) return addBehind(node, amount);
  const share = amount.map((value) => value / beta);
  replaceConstant(node, 2, sumWith(bias.constant, share));
}

/** Adds by a node behind, on the last axis or, of `rank` axes, on axis 1. */
function addBehind(node: Node, amount: Float64Array, rank?: number): void {
  const { output, graph } = node;
  const dims = rank === undefined ? [amount.length] : [amount.length, ...Array.from({ length: rank - 2 }, () => 1)];
  const shift = graph.addInitializer(`${output.name}_shift`, vector(amount).reshaped(dims));
  const product = graph.detachOutput(output, `${output.name}_product`);
  graph.add({ op: 'Add', inputs: [product, shift], outputs: [output] }, { after: node });
}

const vector = (data: Float64Array): Tensor => Tensor.of('float32', [data.length], Float32Array.from(data));

/** A constant plus `amount` along its last axis. */
function sumWith(tensor: Tensor, amount: Float64Array): Tensor {
  const sum = tensor.toFloat64().map((value, i) => value + amount[i % amount.length]!);
  return Tensor.of('float32', tensor.dims, Float32Array.from(sum));
}
