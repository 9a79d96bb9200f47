import type { Model, Node, Value } from '@gossamer/graph';

export type SegmentEngine = 'native' | 'ort';

/** Nodes that one engine runs at a stretch. */
export interface Segment {
  readonly engine: SegmentEngine;
  readonly nodes: ReadonlySet<Node>;
}

/** Operators that a change of engine may pay for. */
const HEAVY: ReadonlySet<string> = new Set(
  `Attention Conv ConvInteger ConvTranspose DynamicQuantizeLSTM DynamicQuantizeMatMul Einsum GRU Gemm LSTM LayerNormalization MatMul MatMulInteger
  MatMulIntegerToFloat MatMulNBits QGemm QLinearConv QLinearMatMul RNN Resize Softmax`.split(/\s+/),
);

/**
 * Shares the nodes of the main graph out: those that `isLacking` names to ONNX Runtime, all others to the native engine, in as few
 * stretches as readiness allows. A native stretch without a layer costs more to enter and to leave than it saves, and goes to its
 * neighbours.
 */
export function partition(model: Model, isLacking: (node: Node) => boolean): Segment[] {
  const given = new Set<Node>();
  for (;;) {
    const engineOf = (node: Node): SegmentEngine => (given.has(node) || isLacking(node) ? 'ort' : 'native');
    const segments = stretches(model, engineOf);
    const light = segments.filter(({ engine, nodes }) => engine === 'native' && ![...nodes].some(isHeavy));
    if (light.length === 0 || segments.length === 1) return segments;
    for (const { nodes } of light) for (const node of nodes) given.add(node);
  }
}

const isHeavy = (node: Node) => HEAVY.has(node.op);

/** As many nodes of one engine as are ready, then of the other, until none is left. */
function stretches(model: Model, engineOf: (node: Node) => SegmentEngine): Segment[] {
  const waiting = new Set(model.graph.nodes());
  const isMade = (value: Value) => !value.producer || value.graph !== model.graph || !waiting.has(value.producer);
  const segments: Segment[] = [];
  let engine: SegmentEngine = engineOf(firstOf(waiting) ?? (undefined as never));
  while (waiting.size > 0) {
    const nodes = new Set<Node>();
    // In topological order one walk finds all that become ready on the way.
    for (const node of [...waiting]) {
      if (engineOf(node) !== engine || !readsOf(node).every(isMade)) continue;
      nodes.add(node);
      waiting.delete(node);
    }
    if (nodes.size > 0) segments.push({ engine, nodes });
    engine = engine === 'native' ? 'ort' : 'native';
  }
  return segments;
}

const firstOf = (nodes: ReadonlySet<Node>): Node | undefined => nodes.values().next().value;

/** What a node reads, in its subgraphs too. */
function readsOf(node: Node): Value[] {
  const reads = node.inputs.filter((value): value is Value => value !== undefined);
  for (const subgraph of node.subgraphs()) {
    for (const scope of subgraph.scopes()) {
      for (const inner of scope.nodes()) for (const value of inner.inputs) if (value) reads.push(value);
      reads.push(...scope.outputs);
    }
  }
  return reads.filter((value) => value.graph === node.graph);
}

/** What each segment makes that another one, or the caller, reads; and what each reads of others, by name. */
export function segmentPorts(model: Model, segments: readonly Segment[]): { inputs: Value[]; outputs: Value[] }[] {
  return segments.map(({ nodes }) => {
    const inputs = new Set<Value>();
    const outputs = new Set<Value>();
    for (const node of nodes) {
      for (const value of readsOf(node)) {
        const isConstant = value.constant !== undefined && !value.producer;
        if (!isConstant && !(value.producer && nodes.has(value.producer))) inputs.add(value);
      }
      for (const value of node.outputs) {
        if (value && (value.isOutput || value.uses.some((use) => !nodes.has(ownerIn(use.node, model)))))
          outputs.add(value);
      }
    }
    return { inputs: [...inputs], outputs: [...outputs] };
  });
}

/** The node of the main graph that holds `node` in its subgraphs, or is it. */
function ownerIn(node: Node, model: Model): Node {
  let current = node;
  while (current.graph !== model.graph && current.graph.owner) current = current.graph.owner.node;
  return current;
}
