import { type Graph, inferTypes, type Model, type Node, type TypeTable, type Value, weightsOf } from '@gossamer/graph';
import { AxisCells } from './axis-cells.js';
import { settle } from './choice.js';
import { collectGroups } from './collect-groups.js';
import { type Findings, NodeAxes } from './node-axes.js';
import type { FrozenAxis, PruneGroup } from './prune-group.js';
import { findGroupRule } from './registry.js';

export interface GroupOptions {
  /** Also features that a LayerNormalization has its statistics over; such units are marked inexact. Default false. */
  readonly allowInexact?: boolean;
}

/** What can be removed from a model, and what cannot and why. */
export interface ModelGroups {
  readonly groups: readonly PruneGroup[];
  readonly frozen: readonly FrozenAxis[];
}

/**
 * The dependency graph over axes: every element of every axis with a fixed length, tied by the operators' rules to those that can only go
 * with it, in all scopes. Frozen: what touches inputs or outputs of the graph or of bodies of control flow, operators without a rule (those
 * with bodies too), axes that a rule does not follow. Types are inferred when not given. Throws ERR_PRUNE_SIZE beyond 2^25 elements of axes.
 *
 * Source: Fang et al. 2023, arXiv:2301.12900 (DepGraph), there over layers; explicit maps of elements are ours.
 */
export function groupsOf(model: Model, options: GroupOptions = {}, types: TypeTable = inferTypes(model)): ModelGroups {
  const cells = cellsOf(model, types);
  const findings: Findings = { masked: [], choices: [], kinds: [], links: new Map(), left: [] };
  for (const value of cells.values()) freezeContract(value, cells);
  freezeOutputs(model.graph, cells);
  const opset = model.opset;
  for (const scope of model.graph.scopes()) {
    for (const node of scope.nodes()) {
      const axes = new NodeAxes(node, opset, options.allowInexact ?? false, cells, types, findings);
      if (hasRule(model, node, types)) findGroupRule(node)!.tie(axes);
      else leave(node, cells, findings);
      if (node.isStandard('Shape')) passUnread(node, axes);
      if (!node.isStandard('Constant')) axes.close();
    }
  }
  for (const choice of findings.choices) settle(choice, cells);
  return collectGroups(model, cells, findings);
}

function cellsOf(model: Model, types: TypeTable): AxisCells {
  const cells = new AxisCells();
  for (const scope of model.graph.scopes()) {
    for (const value of scope.values()) {
      const shape = value.constant?.dims ?? types.shapeOf(value);
      if (shape) cells.add(value, shape);
    }
  }
  cells.seal();
  return cells;
}

/** A node that no rule is followed for: what its bodies give out stays, and the features of its weights do, which have no cells of their own. */
function leave(node: Node, cells: AxisCells, findings: Findings): void {
  for (const body of node.subgraphs()) freezeOutputs(body, cells);
  const why = findGroupRule(node) ? 'the shapes around it are not known' : 'no rule says how its axes hang together';
  for (const { shape, outAxis } of weightsOf(node))
    findings.left.push({ layer: node.id, count: shape[outAxis]!, reason: `${node.id} (${node.kind}): ${why}` });
}

/** A rule holds where every value of the node has a known rank: else nothing is known of its axes. */
function hasRule(model: Model, node: Node, types: TypeTable): boolean {
  if (!findGroupRule(node) || model.function(node.domain, node.op, node.overload)) return false;
  return [...node.inputs, ...node.outputs].every((value) => !value || types.shapeOf(value) !== undefined);
}

/** What the graph, or a body that no rule is for, gives out keeps its shape. */
function freezeOutputs(scope: Graph, cells: AxisCells): void {
  for (const value of scope.outputs) {
    const rank = cells.shapeOf(value)?.length ?? 0;
    for (let axis = 0; axis < rank; axis++)
      cells.freezeAxis(value, axis, `${value.name} is an output of ${nameOf(scope)}`);
  }
}

const nameOf = ({ owner }: Graph): string => (owner ? `a body of ${owner.node.id} (${owner.node.kind})` : 'the graph');

/** Inputs keep their shapes, and what cannot be sliced. */
function freezeContract(value: Value, cells: AxisCells): void {
  const rank = cells.shapeOf(value)!.length;
  const isSubByte = value.constant && /^u?int[24]$|^float4/.test(value.constant.dtype);
  const reason = value.isInput
    ? `${value.name} is an input of ${nameOf(value.graph)}`
    : isSubByte || value.constant?.dtype === 'string'
      ? `${value.name} is stored as ${value.constant!.dtype}`
      : isUnreadable(value)
        ? `${value.name} has no dense data`
        : undefined;
  for (let axis = 0; reason !== undefined && axis < rank; axis++) cells.freezeAxis(value, axis, reason);
}

/** Sparse data, and what nothing makes. */
function isUnreadable(value: Value): boolean {
  return !value.constant && (!value.producer || value.producer.isStandard('Constant'));
}

/** Of a shape that only a Gather with constant indices reads, axes may shrink that it does not pick. */
function passUnread(node: Node, axes: NodeAxes): void {
  const x = node.input(0);
  if (!x || node.has('start') || node.has('end') || node.output.isOutput) return;
  const rank = axes.rank(x);
  const read = new Set<number>();
  for (const { node: user, index } of node.output.uses) {
    const picked = user.isStandard('Gather') && index === 0 ? user.input(1)?.constant?.toIntegers() : undefined;
    if (!picked) return;
    for (const axis of picked) read.add(axis < 0 ? axis + rank : axis);
  }
  for (let axis = 0; axis < rank; axis++) if (!read.has(axis)) axes.pass(x, axis);
}
