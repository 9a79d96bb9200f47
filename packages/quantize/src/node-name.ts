import type { Node } from '@gossamer/graph';

/** What new nodes and values around `node` are called after: its name, or its first result's. */
export function nodeName(node: Node): string {
  return node.name !== '' ? node.name : (node.outputs.find((value) => value)?.name ?? node.op);
}
