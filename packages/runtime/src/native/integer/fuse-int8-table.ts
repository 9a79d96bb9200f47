import { attribute, type Node, Tensor, type Value } from '@gossamer/graph';
import { evaluateNode } from '@gossamer/graph/eval';
import { type Compilation, GOSSAMER } from '../compilation.js';
import { replaceByValue, replaceNode } from '../edit/node-edits.js';
import { dequantizedOf, quantizerOf } from './affine.js';

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Operators that compute each element by itself, from operands that are functions of one code or single numbers. */
const ELEMENTWISE = words(
  `Abs Acos Acosh Add Asin Asinh Atan Atanh Ceil Celu Clip Cos Cosh Div Elu Erf Exp Floor Gelu HardSigmoid HardSwish LeakyRelu Log Max Min Mish
  Mul Neg Pow PRelu Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Sub Sum Tan Tanh ThresholdedRelu`,
);

/** Nodes that one table may stand for. */
const MAX_NODES = 32;

/**
 * What lies between one dequantized value and a QuantizeLinear, element by element, is a function of 256 codes: a table, computed by the
 * reference evaluator in float32 after each operator, as the standard has it. A change of parameters alone is one, too.
 */
export function fuseInt8Table(compilation: Compilation): void {
  if (!compilation.has('Int8Table')) return;
  for (const node of compilation.graph.nodes()) {
    if (!quantizerOf(node, compilation)) continue;
    const function_ = codeFunction(node, compilation);
    if (function_) tabulate(node, function_, compilation);
  }
}

interface CodeFunction {
  /** Codes. */
  readonly source: Value;
  /** In the order of the graph, the QuantizeLinear last. */
  readonly nodes: readonly Node[];
}

function codeFunction(quantize: Node, compilation: Compilation): CodeFunction | undefined {
  const found = new Set<Node>([quantize]);
  let source: Value | undefined;
  const queue: Value[] = [quantize.input(0)!];
  while (queue.length > 0) {
    const value = queue.pop()!;
    if (value.constant?.length === 1) continue;
    const leaf = dequantizedOf(value, compilation);
    if (leaf) {
      const root = rootOf(leaf.codes, found);
      if (root.constant || (source && source !== root)) return undefined;
      source = root;
      found.add(leaf.node);
      continue;
    }
    const { producer } = value;
    if (!producer || producer.domain !== '' || producer.graph !== compilation.graph) return undefined;
    if (!ELEMENTWISE.has(producer.op) || found.size > MAX_NODES) return undefined;
    if (value.isOutput) return undefined;
    // What grows is no function of one element.
    const rank = compilation.rankOf(value);
    if (rank === undefined || rank !== compilation.rankOf(quantize.output)) return undefined;
    if (!found.has(producer)) for (const input of producer.inputs) if (input) queue.push(input);
    found.add(producer);
  }
  if (!source) return undefined;
  const nodes = [...compilation.graph.nodes()].filter((node) => found.has(node));
  const inner = nodes.filter(({ op }) => ELEMENTWISE.has(op));
  // What others read as well is computed anyway.
  const isClosed = inner.every((node) => node.output.uses.every((use) => found.has(use.node)));
  return isClosed ? { source, nodes } : undefined;
}

/** The codes that tables before a value are functions of; the tables join what is one table now. */
function rootOf(codes: Value, found: Set<Node>): Value {
  const table = codes.producer;
  if (table?.domain !== GOSSAMER || table.op !== 'Int8Table') return codes;
  found.add(table);
  return rootOf(table.input(0)!, found);
}

function tabulate(quantize: Node, { source, nodes }: CodeFunction, compilation: Compilation): void {
  const codes = Tensor.of(
    'uint8',
    [256],
    Uint8Array.from({ length: 256 }, (_, code) => code),
  );
  const values = new Map<Value, Tensor>([[source, codes]]);
  for (const node of nodes) {
    if (node.op === 'Int8Table') {
      const inner = node.ints('table', []);
      const looked = Uint8Array.from(values.get(node.input(0)!)!.bytes(), (code) => inner[code]!);
      values.set(node.output, Tensor.of('uint8', [256], looked));
      continue;
    }
    const inputs = node.inputs.map((value) => value && (values.get(value) ?? scalarOf(value)));
    const [result] = evaluateNode(node, inputs, { opsets: compilation.model.opsets });
    values.set(node.output, result!);
  }
  const table = Array.from(values.get(quantize.output)!.bytes());
  if (table.every((code, index) => code === index)) {
    replaceByValue(compilation, quantize, source);
    return;
  }
  replaceNode(compilation, quantize, {
    op: 'Int8Table',
    inputs: [source],
    attributes: { table: attribute.ints(table) },
  });
}

/** One number, whatever its rank was. */
const scalarOf = (value: Value): Tensor => value.constant!.reshaped([]);
