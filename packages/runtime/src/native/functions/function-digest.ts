import { createHash } from 'node:crypto';
import type { FunctionDefinition, Graph, Node, Value } from '@gossamer/graph';

/**
 * A digest of what a function computes: operators, attributes, constants and how values flow, in the order of its body; names of values,
 * nodes and of the function itself do not count. Undefined for bodies with subgraphs.
 */
export function functionDigest({ body, opsets, attributes, defaults }: FunctionDefinition): string | undefined {
  if ([...body.nodes()].some((node) => node.subgraphs().length > 0)) return undefined;
  const numbers = new Map<Value, number>();
  const numberOf = (value: Value): number => {
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return numbers.get(value)!;
  };
  for (const input of body.inputs) numberOf(input);
  const description = {
    inputs: body.inputs.length,
    opsets: [...opsets].sort(([a], [b]) => (a < b ? -1 : 1)),
    attributes: [...(attributes ?? [])].sort(),
    defaults: [...(defaults?.values() ?? [])].map(describeAttribute),
    nodes: [...body.nodes()].map((node) => describeNode(node, numberOf)),
    outputs: body.outputs.map(numberOf),
    constants: describeConstants(body, numberOf),
  };
  return createHash('sha256').update(JSON.stringify(description)).digest('hex');
}

function describeNode(node: Node, numberOf: (value: Value) => number) {
  return {
    op: node.kind,
    inputs: node.inputs.map((value) => (value ? numberOf(value) : -1)),
    outputs: node.outputs.map((value) => (value ? numberOf(value) : -1)),
    attributes: [...node.attributes.values()].map(describeAttribute).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function describeConstants(body: Graph, numberOf: (value: Value) => number) {
  return [...body.initializers()].map((value) => [numberOf(value), value.initializer?.hash() ?? '']);
}

type Attributes = FunctionDefinition['defaults'] extends ReadonlyMap<string, infer A> | undefined ? A : never;

function describeAttribute({ name, content }: Attributes) {
  const value = content.type === 'tensor' ? content.value.hash() : 'value' in content ? content.value : content;
  return { name, type: content.type, value: JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v)) };
}
