import type { Dim } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { tensorType } from '../../ir/value-type.js';
import { normaliseAxis } from '../arguments.js';
import type { Shape } from '../dims.js';
import { defineRule, type InferenceContext, type ValueInfo } from '../rule.js';
import { agreedDim } from './concat.js';
import { settle } from './loop.js';

/** A scanned input without its scan axis, and the size of that axis. */
function element(context: InferenceContext, input: number, axis: number): { info: ValueInfo; size: Dim } {
  const shape = context.shapeOf(input);
  if (!shape) return { info: { type: tensorType(context.dtypeOf(input)) }, size: undefined };
  const at = normaliseAxis(context, axis, shape.length);
  const rest = shape.filter((_, position) => position !== at);
  return { info: { type: tensorType(context.dtypeOf(input), rest) }, size: shape[at] };
}

/** Sets an output to what one step gives, with axes of the given sizes put in at `axis`. */
function setStacked(context: InferenceContext, output: number, { type }: ValueInfo, sizes: Shape, axis: number): void {
  if (type?.kind !== 'tensor') return context.setTensor(output, undefined, undefined);
  if (!type.shape) return context.setTensor(output, type.dtype, undefined);
  const at = normaliseAxis(context, axis, type.shape.length + 1);
  return context.setTensor(output, type.dtype, [...type.shape.slice(0, at), ...sizes, ...type.shape.slice(at)]);
}

/** Drops the batch axis that version 8 had in front of everything. */
function withoutBatch({ type }: ValueInfo): ValueInfo {
  return type?.kind === 'tensor' ? { type: tensorType(type.dtype, type.shape?.slice(1)) } : { type: undefined };
}

function inferScan(node: Node, context: InferenceContext): void {
  const body = node.subgraph('body');
  if (!body) throw context.error('body', 'a graph', 'none');
  const batched = context.opset < 9;
  const offset = batched ? 1 : 0;
  const scanned = node.int('num_scan_inputs', undefined);
  if (scanned === undefined) throw context.error('num_scan_inputs', 'given', 'none');
  const states = node.inputs.length - offset - scanned;
  if (scanned < 0 || states < 0 || body.inputs.length !== states + scanned) {
    throw context.error('body', `${node.inputs.length - offset} inputs`, body.inputs.length);
  }
  if (body.outputs.length < states) throw context.error('body', `>= ${states} outputs`, body.outputs.length);
  const axes = node.ints('scan_input_axes', new Array<number>(scanned).fill(0));
  const elements = Array.from({ length: scanned }, (_, index) =>
    // With a batch axis the sequence axis is the second.
    element(context, offset + states + index, batched ? 1 : (axes[index] ?? 0)),
  );
  const size = elements.reduce<Dim>((common, { size: own }) => agreedDim(context, common, own), undefined);
  const batch = batched ? context.shapeOf(1)?.[0] : undefined;
  const strip = (info: ValueInfo) => (batched ? withoutBatch(info) : info);
  const initial = Array.from({ length: states }, (_, index) => strip(context.infoOf(offset + index)));
  const { state, outputs } = settle(
    context,
    body,
    initial,
    (current) => [...current, ...elements.map(({ info }) => strip(info))],
    (results) => results.slice(0, states),
  );
  const outAxes = node.ints('scan_output_axes', []);
  state.forEach((info, output) => {
    if (batched) setStacked(context, output, info, [batch], 0);
    else context.setInfo(output, info);
  });
  outputs.slice(states).forEach((info, index) => {
    if (batched) setStacked(context, states + index, info, [batch, size], 0);
    else setStacked(context, states + index, info, [size], outAxes[index] ?? 0);
  });
}

export const scanRule = defineRule({ op: 'Scan', infer: inferScan });
