import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';

type Link = readonly [from: Value, to: Value];

/** Where the values of a control-flow node go: into its bodies, from one turn of a loop to the next, and out. None for other nodes. */
export function bodyLinks(node: Node): Link[] {
  if (node.domain !== '' || node.subgraphs().length === 0) return [];
  switch (node.op) {
    case 'If':
      return node.subgraphs().flatMap((body) => links(body.outputs, node.outputs));
    case 'Loop':
      // Inputs: count, condition, states. Body: turn, condition, states -> condition, states, what is stacked.
      return loopLinks(node, node.inputs.slice(2), 2, 1, node.inputs.length - 2);
    case 'Scan': {
      // Opset 8 has the lengths of the sequences in front.
      const given =
        node.inputs.length - (node.subgraphs()[0]?.inputs.length ?? 0) === 1 ? node.inputs.slice(1) : node.inputs;
      return loopLinks(node, given, 0, 0, given.length - node.int('num_scan_inputs', given.length));
    }
    default:
      return [];
  }
}

/** `skippedIn`, `skippedOut`: inputs and outputs of the body before its states. */
function loopLinks(
  node: Node,
  given: readonly (Value | undefined)[],
  skippedIn: number,
  skippedOut: number,
  states: number,
): Link[] {
  const [body] = node.subgraphs();
  if (!body) return [];
  const [inputs, outputs] = [body.inputs.slice(skippedIn), body.outputs.slice(skippedOut)];
  return [...links(given, inputs), ...links(outputs.slice(0, states), inputs), ...links(outputs, node.outputs)];
}

function links(from: readonly (Value | undefined)[], to: readonly (Value | undefined)[]): Link[] {
  return from.flatMap((value, index) => {
    const target = to[index];
    return value && target ? [[value, target] as const] : [];
  });
}
