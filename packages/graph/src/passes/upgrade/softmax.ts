import { attribute } from '../../ir/attribute.js';
import type { Node } from '../../ir/node.js';
import { type Adapter, defineAdapter, type UpgradeStep } from './adapter.js';

/**
 * Until opset 12 the input was taken as a matrix, axes before `axis` by axes from it on (default 1), and rows were normalised; from 13 one
 * axis is. The two agree on the last axis; elsewhere the matrix is made: Flatten, the last axis, Reshape to the shape of the input.
 */
function softmax13(node: Node, step: UpgradeStep): void {
  const { graph } = node;
  const rank = step.rank();
  const axis = node.int('axis', 1);
  graph.setAttribute(node, 'axis', attribute.int(-1));
  if (axis === -1 || axis === (rank ?? Infinity) - 1) return;
  const source = node.input(0) ?? step.refuse('no input');
  const result = node.output;
  const base = result.name;
  const shape = graph.add({ op: 'Shape', inputs: [source], outputs: [`${base}_shape`] }, { before: node }).output;
  const flatten = {
    op: 'Flatten',
    inputs: [source],
    outputs: [`${base}_matrix`],
    attributes: { axis: attribute.int(axis) },
  };
  graph.setInput(node, 0, graph.add(flatten, { before: node }).output);
  const rows = graph.detachOutput(result, `${base}_rows`);
  graph.add({ op: 'Reshape', inputs: [rows, shape], outputs: [result] }, { after: node });
}

export const softmaxAdapters: readonly Adapter[] = [defineAdapter(['Hardmax', 'LogSoftmax', 'Softmax'], 13, softmax13)];
