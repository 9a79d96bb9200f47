import { attribute } from '../../ir/attribute.js';
import { Graph } from '../../ir/graph.js';
import type { Node } from '../../ir/node.js';
import { type Adapter, defineAdapter, type UpgradeStep } from './adapter.js';

/**
 * Opset 8 runs the body once for each sample (axis 0 of every input, states too) along axis 1. From 9 on there is no batch: an outer
 * Scan over the samples holds the old one, now along its first axis, and stacks what it makes. An inner Scan starts anew for each sample.
 */
function scan9(node: Node, step: UpgradeStep): void {
  const { graph } = node;
  if (node.input(0)) step.refuse('sequence lengths');
  const body = node.subgraph('body') ?? step.refuse('no body');
  const given = node.inputs.slice(1);
  const directions = node.ints('directions', undefined);
  const scanned = node.int('num_scan_inputs', undefined) ?? step.refuse('no num_scan_inputs');

  const base = node.outputs.find((value) => value)?.name ?? 'scan';

  const samples = new Graph(`${base}_samples`, { node, attribute: 'body', index: 0 });
  const inner = samples.add({
    op: 'Scan',
    inputs: [],
    outputs: [],
    attributes: {
      body: attribute.graph(body),
      num_scan_inputs: attribute.int(scanned),
      ...(directions ? { scan_input_directions: attribute.ints(directions) } : {}),
    },
  });
  given.forEach((_, index) => {
    const sample = samples.addInput(samples.uniqueName(`${base}_sample_${index}`));
    samples.setInput(inner, index, sample);
  });
  // What is not used has its place all the same: the outputs of a Scan stand for those of its body.
  body.outputs.forEach((_, index) => {
    const result = samples.declare(samples.uniqueName(`${base}_result_${index}`));
    samples.setOutput(inner, index, result);
    samples.addOutput(result);
  });

  given.forEach((value, index) => graph.setInput(node, index, value));
  graph.truncateInputs(node, given.length);
  graph.setAttribute(node, 'body', attribute.graph(samples));
  graph.setAttribute(node, 'num_scan_inputs', attribute.int(given.length));
  step.drop('directions');
}

export const scanAdapters: readonly Adapter[] = [defineAdapter('Scan', 9, scan9)];
