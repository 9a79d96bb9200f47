import type { Target } from '../choices.js';
import type { Model, Node, Value } from '@gossamer/graph';

import { WEBGPU_OPERATORS } from './webgpu-operators.js';

/** Which nodes of the written model the target's provider hands to another one. Nodes over constants are folded before, and do not count. */
export function fallbackWarnings(model: Model, target: Target): string[] {
  if (target !== 'webgpu') return [];
  const counts = new Map<string, number>();
  const folded = new Set<Value>();
  for (const scope of model.graph.scopes()) {
    for (const node of scope.nodes()) {
      if (isFolded(node, folded)) node.outputs.forEach((value) => value && folded.add(value));
      else if (!WEBGPU_OPERATORS.has(node.kind)) counts.set(node.kind, (counts.get(node.kind) ?? 0) + 1);
    }
  }
  if (counts.size === 0) return [];
  const kinds = Array.from(counts, ([kind, count]) => `${count} ${kind}`).join(', ');
  return [`webgpu: no kernel in ONNX Runtime Web 1.30 for ${kinds}: they run on the CPU, in WebAssembly`];
}

function isFolded(node: Node, folded: ReadonlySet<Value>): boolean {
  if (node.subgraphs().length > 0) return false;
  return node.inputs.every((value) => !value || value.constant !== undefined || folded.has(value));
}
