import { attribute, type AttributeValue, type Node, Tensor, type Value } from '@gossamer/graph';
import { type Compilation, GOSSAMER } from '../compilation.js';
import { addBefore, attributesOf, replaceNode } from '../edit/node-edits.js';
import { type Cached, takeCache } from './attention-cache.js';
import { rotaryEmbedding } from './rotary-form.js';

/**
 * Operators that other runtimes fuse (com.microsoft's FusedConv, FusedMatMul, FastGelu, ...) become the standard's that they stand for; the
 * passes that follow fuse them as this engine does. Attention becomes the engine's own, with its cache beside it.
 */
export function fusedForms(compilation: Compilation): void {
  for (const node of compilation.graph.nodes()) {
    if (node.isStandard('Attention')) attention(node, compilation);
    if (node.isStandard('RotaryEmbedding')) rotaryEmbedding(node, compilation);
    const rewrite = node.domain === 'com.microsoft' && Object.hasOwn(FORMS, node.op) ? FORMS[node.op] : undefined;
    rewrite?.(node, compilation);
  }
}

const FORMS: Readonly<Record<string, (node: Node, compilation: Compilation) => void>> = {
  BiasGelu: (node, compilation) => gelu(node, 'none', compilation),
  FastGelu: (node, compilation) => gelu(node, 'tanh', compilation),
  FusedConv: (node, compilation) => activated(node, 'Conv', 3, compilation),
  FusedGemm: (node, compilation) => activated(node, 'Gemm', undefined, compilation),
  FusedMatMul: fusedMatMul,
  Gelu: (node, compilation) => gelu(node, 'none', compilation),
  MultiHeadAttention: multiHeadAttention,
  QuickGelu: quickGelu,
  RotaryEmbedding: rotaryEmbedding,
};

type Attributes = Readonly<Record<string, AttributeValue>>;

/** A standard operator before `node`, of the type of its result. */
function standard(
  node: Node,
  op: string,
  inputs: readonly (Value | undefined)[],
  compilation: Compilation,
  attributes: Attributes = {},
): Value {
  const shape = compilation.shapeOf(node.output);
  const result = { name: `${node.output.name}_${op}`, dtype: compilation.dtypeOf(node.output), shape };
  return addBefore(compilation, node, { op, domain: '', inputs, attributes }, result);
}

const replaced = (
  node: Node,
  op: string,
  inputs: readonly (Value | undefined)[],
  compilation: Compilation,
  attributes: Attributes = {},
) => replaceNode(compilation, node, { op, domain: '', inputs, attributes });

function gelu(node: Node, approximate: string, compilation: Compilation): void {
  const [x, bias] = [node.input(0)!, node.input(1)];
  const sum = bias ? standard(node, 'Add', [x, bias], compilation) : x;
  replaced(node, 'Gelu', [sum], compilation, { approximate: attribute.string(approximate) });
}

function quickGelu(node: Node, compilation: Compilation): void {
  const alpha = compilation.graph.addInitializer('alpha', Tensor.scalar('float32', node.float('alpha', 1.702)));
  const scaled = standard(node, 'Mul', [node.input(0), alpha], compilation);
  const gate = standard(node, 'Sigmoid', [scaled], compilation);
  replaced(node, 'Mul', [node.input(0), gate], compilation);
}

/** A layer, the sum with what slot `sum` reads, an activation with its numbers. */
function activated(node: Node, op: string, sum: number | undefined, compilation: Compilation): void {
  const name = node.string('activation', '');
  const numbers = node.floats('activation_params', []);
  const extra = ['activation', 'activation_params', 'activation_alpha', 'activation_beta', 'activation_gamma'];
  const [alpha = node.float('activation_alpha', undefined), beta = node.float('activation_beta', undefined)] = numbers;
  const known = ['', 'Relu', 'Sigmoid', 'Tanh', 'LeakyRelu', 'HardSigmoid', 'Clip'];
  if (!known.includes(name)) return;
  const inputs = node.inputs.slice(0, 3);
  let value = standard(node, op, inputs, compilation, attributesOf(node, ...extra));
  const addend = sum === undefined ? undefined : node.input(sum);
  if (addend) value = standard(node, 'Add', [value, addend], compilation);
  const float = (key: string, number: number | undefined): Attributes =>
    number === undefined ? {} : { [key]: attribute.float(number) };
  if (name === '') replaced(node, 'Identity', [value], compilation);
  else if (name === 'Clip') {
    const bound = (number: number | undefined) =>
      number === undefined ? undefined : compilation.graph.addInitializer('bound', Tensor.scalar('float32', number));
    replaced(node, 'Clip', [value, bound(alpha), bound(beta)], compilation);
  } else {
    const isScaled = name === 'LeakyRelu' || name === 'HardSigmoid';
    const shifted = name === 'HardSigmoid' ? float('beta', beta) : {};
    replaced(node, name, [value], compilation, isScaled ? { ...float('alpha', alpha), ...shifted } : {});
  }
}

function fusedMatMul(node: Node, compilation: Compilation): void {
  if (node.int('transBatchA', 0) !== 0 || node.int('transBatchB', 0) !== 0) return;
  const ranks = node.inputs.map((value) => compilation.rankOf(value));
  if (!ranks.every((rank) => rank !== undefined && rank >= 2)) return;
  const operand = (slot: number, isTurned: boolean): Value => {
    const value = node.input(slot)!;
    if (!isTurned) return value;
    const rank = ranks[slot]!;
    const axes = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
    const shape = compilation.shapeOf(value)!;
    const spec = { op: 'Transpose', domain: '', inputs: [value], attributes: { perm: attribute.ints(axes) } };
    const result = {
      name: `${value.name}_turned`,
      dtype: compilation.dtypeOf(value),
      shape: axes.map((axis) => shape[axis]),
    };
    return addBefore(compilation, node, spec, result);
  };
  const inputs = [operand(0, node.int('transA', 0) === 1), operand(1, node.int('transB', 0) === 1)];
  const alpha = node.float('alpha', 1);
  if (alpha === 1) {
    replaced(node, 'MatMul', inputs, compilation);
    return;
  }
  const factor = compilation.graph.addInitializer('alpha', Tensor.scalar('float32', alpha));
  replaced(node, 'Mul', [standard(node, 'MatMul', inputs, compilation), factor], compilation);
}

/** Queries, keys and values [batch, positions, heads · size]; an addend to the scores; a cache; no bias, no padding mask. */
function multiHeadAttention(node: Node, compilation: Compilation): void {
  const used = node.inputs.flatMap((value, slot) => (value ? [slot] : []));
  if (!used.every((slot) => [0, 1, 2, 5, 6, 7].includes(slot)) || used.filter((slot) => slot < 3).length < 3) return;
  if (isRead(node.outputs[3]) || !compilation.has('Attention4D')) return;
  if (node.inputs.slice(0, 3).some((value) => compilation.rankOf(value) !== 3)) return;
  const heads = node.int('num_heads', 0);
  const scale = node.float('scale', 0);
  const cached = takeCache(node, [6, 7], heads, compilation);
  if (!cached) return;
  own(node, [node.input(0)!, cached.keys, cached.values], node.input(5), compilation, {
    ...layouts('bshd', cached),
    heads: attribute.int(heads),
    ...(scale === 0 ? {} : { scale: attribute.float(scale) }),
    ...(node.int('unidirectional', 0) === 1 ? { causal: attribute.int(1) } : {}),
  });
}

/** Those that opset 23 has; later ones (a window, ...) change what is computed. */
const ATTENTION_ATTRIBUTES: ReadonlySet<string> = new Set([
  'is_causal',
  'kv_num_heads',
  'q_num_heads',
  'qk_matmul_output_mode',
  'scale',
  'softcap',
  'softmax_precision',
]);

/** The standard's Attention without soft cap, lengths or scores; a mask of floats. */
function attention(node: Node, compilation: Compilation): void {
  if (![...node.attributes.keys()].every((name) => ATTENTION_ATTRIBUTES.has(name))) return;
  const ranks = node.inputs.slice(0, 3).map((value) => compilation.rankOf(value));
  const mask = node.input(3);
  const isPlain = !node.inputs[6] && node.float('softcap', 0) === 0 && !isRead(node.outputs[3]);
  const isFloat = (value: Value | undefined) => !value || compilation.dtypeOf(value) === 'float32';
  if (!isPlain || !node.inputs.every(isFloat) || ranks.some((rank) => rank !== ranks[0])) return;
  if ((ranks[0] !== 3 && ranks[0] !== 4) || !compilation.has('Attention4D')) return;
  const isCausal = node.int('is_causal', 0) === 1;
  // Query i sees the keys up to i, behind those of the past: with as many new ones as queries, the last of all is the last query's.
  const isBehind = isCausal && node.inputs[4] !== undefined;
  const lengths = [0, 1].map((slot) => compilation.shapeOf(node.input(slot))?.[ranks[0] === 3 ? 1 : 2]);
  if (isBehind && (lengths[0] === undefined || String(lengths[0]) !== String(lengths[1]))) return;
  const scale = node.float('scale', undefined);
  const heads = node.int('q_num_heads', 0);
  const shared = node.int('kv_num_heads', heads);
  const cached = takeCache(node, [4, 5], shared, compilation);
  if (!cached) return;
  own(node, [node.input(0)!, cached.keys, cached.values], mask, compilation, {
    ...(ranks[0] === 3
      ? { ...layouts('bshd', cached), heads: attribute.int(heads), kv_heads: attribute.int(shared) }
      : layouts('bhsd', cached)),
    ...(scale === undefined ? {} : { scale: attribute.float(scale) }),
    ...(isCausal ? { causal: attribute.int(1) } : {}),
    ...(isCausal && !isBehind ? { causal_offset: attribute.int(0) } : {}),
  });
}

const isRead = (value: Value | undefined) => value !== undefined && (value.uses.length > 0 || value.isOutput);

/** Of queries and results `layout`, which keys and values have too where they come from no cache. */
const layouts = (layout: string, { hasCache }: Cached): Attributes => ({
  q_layout: attribute.string(layout),
  k_layout: attribute.string(hasCache ? 'bhsd' : layout),
  v_layout: attribute.string(hasCache ? 'bhsd' : layout),
  y_layout: attribute.string(layout),
});

function own(
  node: Node,
  operands: readonly Value[],
  mask: Value | undefined,
  compilation: Compilation,
  attributes: Attributes,
): void {
  const inputs = mask ? [...operands, mask] : operands;
  replaceNode(compilation, node, { op: 'Attention4D', domain: GOSSAMER, inputs, attributes });
}
