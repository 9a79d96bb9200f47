import { type AttributeValue, type DType, type Node, type TensorType, type Value } from '@gossamer/graph';
import { type Compilation, GOSSAMER } from '../compilation.js';

/** A node of the engine's own domain, unless `domain` says another. */
export interface NativeSpec {
  readonly op: string;
  readonly domain?: string;
  readonly name?: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/** Adds a node with one result before `before`, and returns the result. */
export function addBefore(
  compilation: Compilation,
  before: Node,
  spec: NativeSpec,
  result: { readonly name: string; readonly dtype: DType | undefined; readonly shape: TensorType['shape'] },
): Value {
  const { output } = compilation.graph.add({ domain: GOSSAMER, ...spec, outputs: [result.name] }, { before });
  compilation.setType(output, result.dtype, result.shape);
  return output;
}

/** Puts one node in the place of `last`, whose only result it makes from then on; what only fed `last` goes. */
export function replaceNode(compilation: Compilation, last: Node, spec: NativeSpec): Node {
  const { graph } = compilation;
  const result = last.output;
  const { inputs } = last;
  const node = graph.add(
    { domain: GOSSAMER, ...spec, name: spec.name ?? last.name, outputs: [undefined] },
    { before: last },
  );
  graph.detachOutput(result, result.name);
  graph.remove(last);
  graph.setOutput(node, 0, result);
  for (const value of inputs) if (value) prune(compilation, value);
  return node;
}

/** Readers of the result of `node` read `value`; an output keeps its name, as an Identity of that. */
export function replaceByValue(compilation: Compilation, node: Node, value: Value): void {
  if (node.output.isOutput) {
    replaceNode(compilation, node, { op: 'Identity', domain: '', inputs: [value] });
    return;
  }
  compilation.graph.replaceUses(node.output, value);
  prune(compilation, node.output);
}

/** Removes the node that makes `value`, if nothing reads what it makes, and then what only fed it. */
export function prune(compilation: Compilation, value: Value): void {
  const { producer } = value;
  if (!producer || producer.graph !== compilation.graph) return;
  if (producer.outputs.some((output) => output && (output.uses.length > 0 || output.isOutput))) return;
  const { inputs } = producer;
  compilation.graph.remove(producer);
  for (const input of inputs) if (input && input !== value) prune(compilation, input);
}

/** The attributes of a node, without those named. */
export function attributesOf(node: Node, ...without: readonly string[]): Record<string, AttributeValue> {
  const kept = [...node.attributes.values()].filter(({ name }) => !without.includes(name));
  return Object.fromEntries(kept.map((item) => [item.name, item.content]));
}

/** Removes nodes that nothing reads, and initializers with them. */
export function removeDead({ graph }: Compilation): void {
  const isRead = (value: Value | undefined) => value !== undefined && (value.uses.length > 0 || value.isOutput);
  for (const node of [...graph.nodes()].reverse()) if (!node.outputs.some(isRead)) graph.remove(node);
  for (const value of [...graph.initializers()]) if (!isRead(value) && !value.isInput) graph.removeValue(value);
}

/** The only reader of `value`, where it has one in its scope that reads it once, and it is no output. */
export function onlyReader(value: Value | undefined): Node | undefined {
  if (!value || value.isOutput || value.uses.length !== 1) return undefined;
  const { node } = value.uses[0]!;
  return node.graph === value.graph ? node : undefined;
}
