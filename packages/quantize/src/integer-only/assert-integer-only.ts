import { GossamerError, inferTypes, isFloat, type Model, type Node, type TypeTable } from '@gossamer/graph';
import type { QuantizeErrorCode } from '../errors.js';
import { reached } from './reached.js';

/** A node that computes in float where a model should in integers. */
export interface FloatNode {
  /** Scope path and node name. */
  readonly name: string;
  readonly op: string;
}

/**
 * The nodes that compute in float between the quantized ones, in the order of the graph: what DequantizeLinear of an activation leads to
 * and what leads to a QuantizeLinear. Such a QuantizeLinear counts, too; a DequantizeLinear does not. Of a model without any QuantizeLinear
 * or codes as inputs all that computes in float.
 */
export function floatComputeNodes(model: Model): FloatNode[] {
  const types = inferTypes(model);
  const nodes = [...model.graph.nodes()];
  const givers = new Set(nodes.filter((node) => is(node, 'DequantizeLinear') && !node.input(0)?.constant));
  const takers = new Set(nodes.filter((node) => is(node, 'QuantizeLinear')));
  const makesFloat = (node: Node) => floatOutput(node, types);
  if (givers.size === 0 && takers.size === 0) return nodes.filter(makesFloat).map(named);
  const behind = reached(model, givers, 'forward', (node) => makesFloat(node) || takers.has(node));
  const before = reached(model, takers, 'backward', makesFloat);
  return nodes.filter((node) => behind.has(node) && before.has(node) && !givers.has(node)).map(named);
}

/** Throws ERR_QUANTIZE_OPTION where `floatComputeNodes` finds any; names them. */
export function assertIntegerOnly(model: Model): void {
  const found = floatComputeNodes(model);
  if (found.length === 0) return;
  const names = found.map(({ name, op }) => `${name} (${op})`);
  const more = names.length > 8 ? `, and ${names.length - 8} others` : '';
  throw new GossamerError<QuantizeErrorCode>(
    'ERR_QUANTIZE_OPTION',
    `model: expected integer operators between QuantizeLinear and DequantizeLinear, received float ${names.slice(0, 8).join(', ')}${more}`,
  );
}

const is = (node: Node, op: string): boolean =>
  (node.domain === '' || node.domain === 'com.microsoft') && node.op === op;

const named = (node: Node): FloatNode => ({ name: node.id, op: node.kind });

function floatOutput(node: Node, types: TypeTable): boolean {
  return node.outputs.some((value) => {
    const dtype = value && types.dtypeOf(value);
    return value !== undefined && (dtype === undefined ? false : isFloat(dtype));
  });
}
