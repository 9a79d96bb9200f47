import { GossamerError } from '../../errors.js';
import { specialise } from '../../inference/function-call.js';
import { copyNodes } from '../../ir/clone.js';
import type { Graph } from '../../ir/graph.js';
import type { FunctionDefinition, Model } from '../../ir/model.js';
import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';

/** Nodes that calls may be expanded to: calls that double at every level are refused by it. */
const MAX_EXPANDED_NODES = 100_000;

/**
 * A clone of `model` in which every call of a function it defines is the nodes of the function's body, calls in bodies included, and no
 * function is left. Calls of functions that `keep` picks stay, with all functions. A call stays, and so do all functions, where the body imports another version of an operator set than the model.
 * Throws ERR_FUNCTION where calls expand to more than 100,000 nodes.
 */
export function inlineFunctions(model: Model, keep: (definition: FunctionDefinition) => boolean = () => false): Model {
  const copy = model.clone();
  const calls = callsOf(copy);
  let expanded = 0;
  let isWhole = true;
  for (let call = calls.pop(); call; call = calls.pop()) {
    const definition = copy.function(call.domain, call.op, call.overload)!;
    if (keep(definition) || !importsAlike(definition, copy)) {
      isWhole = false;
      continue;
    }
    const nodes = expand(call, definition);
    expanded += nodes.length;
    if (expanded > MAX_EXPANDED_NODES) {
      throw new GossamerError(
        'ERR_FUNCTION',
        `function ${call.kind}: expected calls that expand to at most ${MAX_EXPANDED_NODES} nodes, received more`,
      );
    }
    for (const node of nodes) calls.push(...nestedCalls(node, copy));
  }
  if (isWhole) copy.functions.splice(0);
  return copy;
}

const callsOf = (model: Model): Node[] =>
  [...model.graph.scopes()].flatMap((scope) => [...scope.nodes()].filter((node) => isCall(node, model)));

const isCall = ({ domain, op, overload }: Node, model: Model) => model.function(domain, op, overload) !== undefined;

function nestedCalls(node: Node, model: Model): Node[] {
  const inner = node.subgraphs().flatMap((graph) => [...graph.scopes()].flatMap((scope) => [...scope.nodes()]));
  return [node, ...inner].filter((candidate) => isCall(candidate, model));
}

/** Adopts imports that the model has not. */
function importsAlike({ opsets }: FunctionDefinition, model: Model): boolean {
  if ([...opsets].some(([domain, version]) => (model.opsets.get(domain) ?? version) !== version)) return false;
  for (const [domain, version] of opsets) model.opsets.set(domain, version);
  return true;
}

/** Puts the nodes of the body in the place of the call, and returns them. */
function expand(call: Node, definition: FunctionDefinition): Node[] {
  const { graph } = call;
  const body = specialise(definition, call);
  const copies = new Map<Value, Value>();
  body.inputs.forEach((input, i) => {
    const given = call.input(i);
    if (given) copies.set(input, given);
    else for (const { node, index } of [...input.uses]) node.graph.setInput(node, index, undefined);
  });
  const prefix = call.name === '' ? call.op : call.name;
  for (const value of body.values()) {
    if (!copies.has(value)) copies.set(value, graph.declare(graph.uniqueName(`${prefix}/${value.name}`), value.type));
  }
  const before = new Set(graph.nodes());
  copyNodes(body, graph, copies);
  const nodes = [...graph.nodes()].filter((node) => !before.has(node));
  for (const node of nodes) {
    graph.move(node, { before: call });
    graph.retarget(node, { name: `${prefix}/${node.name === '' ? (node.outputs[0]?.name ?? node.op) : node.name}` });
  }
  const results = call.outputs.map((value, i) => ({ value, made: body.outputs[i] && copies.get(body.outputs[i]) }));
  for (const { value, made } of results) if (value && made) handOver(value, made, call, graph, nodes);
  graph.remove(call);
  forgetUnread(body, copies, graph);
  return nodes;
}

/** What the call made is what the body makes; under the same name where that is the model's contract. */
function handOver(value: Value, made: Value, call: Node, graph: Graph, nodes: Node[]): void {
  if (!value.isOutput) {
    graph.replaceUses(value, made);
    return;
  }
  graph.detachOutput(value, `${value.name}_called`);
  nodes.push(graph.add({ op: 'Identity', inputs: [made], outputs: [value] }, { after: call }));
}

/** Inputs of the body that were absent, declared for nothing. */
function forgetUnread(body: Graph, copies: ReadonlyMap<Value, Value>, graph: Graph): void {
  for (const input of body.inputs) {
    const copy = copies.get(input);
    if (copy?.graph !== graph || copy.producer || copy.isInput || copy.initializer || copy.sparse) continue;
    if (copy.uses.length === 0 && !copy.isOutput && graph.value(copy.name) === copy) graph.removeValue(copy);
  }
}
