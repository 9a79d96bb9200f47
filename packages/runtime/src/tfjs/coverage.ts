import { type DType, GossamerError, type Model, type Node, type TypeTable, type Value } from '@gossamer/graph';
import { LackingNodes } from '../native/compile-model.js';
import { ENGINE_OPSET } from '../native/canonical/engine-opset.js';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { NodeTypes } from './operator.js';
import { findOperator } from './registry.js';
import { beyondInt32, STORED } from './transfer.js';

/** Types of values as a table of inferred ones and the constants have them. */
export function typesOf(table: TypeTable): NodeTypes {
  return {
    dtypeOf: (value) => value && (value.constant?.dtype ?? table.dtypeOf(value)),
    rankOf: (value) => value && (value.constant?.dims ?? table.shapeOf(value))?.length,
  };
}

/** Throws ERR_ENGINE_COVERAGE with the first node that the engine cannot run, why, and how many others there are; its cause has all. */
export function checkCoverage(model: Model, types: NodeTypes, warnings: readonly string[]): void {
  const lacking = [...model.graph.nodes()].flatMap((node) => {
    const reason = reasonAgainst(node, types);
    return reason === undefined ? [] : [{ operator: node.kind, node: node.id, reason }];
  });
  const [found] = lacking;
  if (found) {
    const others = lacking.length > 1 ? `, and ${lacking.length - 1} others` : '';
    throw coverageError(
      `operators of the engine tfjs, received ${found.operator} (${found.node}: ${found.reason})${others}`,
      new LackingNodes(lacking),
    );
  }
  if (model.opset < ENGINE_OPSET) {
    throw coverageError(`opset ${ENGINE_OPSET} or later, received ${[model.opset, ...warnings].join('; ')}`);
  }
  for (const value of [...model.graph.inputs, ...model.graph.outputs]) {
    const dtype = types.dtypeOf(value);
    if (!dtype || !STORED.has(dtype)) throw coverageError(`types of the engine tfjs, received ${value.name}: ${dtype}`);
  }
}

const coverageError = (text: string, cause?: LackingNodes) =>
  new GossamerError<RuntimeErrorCode>('ERR_ENGINE_COVERAGE', `model: expected ${text}`, { cause });

function reasonAgainst(node: Node, types: NodeTypes): string | undefined {
  const operator = findOperator(node);
  if (!operator) return 'no such operator in the engine';
  for (const [index, value] of node.inputs.entries()) {
    const reason = value && reasonAgainstInput(value, operator.host?.includes(index) ?? false, types);
    if (reason !== undefined) return reason;
  }
  for (const value of node.outputs) {
    const dtype = types.dtypeOf(value);
    if (value && !isStored(dtype)) return unstored(value, dtype);
  }
  const dtype = types.dtypeOf(node.input(operator.data ?? 0));
  if (dtype && !operator.types.has(dtype)) return `operands of ${dtype}`;
  return operator.refuse?.(node, types);
}

function reasonAgainstInput(value: Value, isHost: boolean, types: NodeTypes): string | undefined {
  const dtype = types.dtypeOf(value);
  if (!isStored(dtype)) return unstored(value, dtype);
  const beyond = value.constant && !isHost ? beyondInt32(value.constant) : undefined;
  return beyond === undefined ? undefined : `${value.name}: ${beyond} does not fit int32`;
}

const isStored = (dtype: DType | undefined): boolean => dtype !== undefined && STORED.has(dtype);
const unstored = (value: Value, dtype: DType | undefined) =>
  `${value.name}: ${dtype === undefined ? 'an element type that is not known' : `elements of ${dtype}`}`;
