import type { Dim } from '../../ir/dim.js';
import type { Graph } from '../../ir/graph.js';
import { tensorType, type ValueType } from '../../ir/value-type.js';
import { scalarOf } from '../arguments.js';
import { mergeInfos, sameInfo } from '../merge.js';
import { defineRule, type InferenceContext, type ValueInfo } from '../rule.js';

/** Passes after which what still changes is given up as unknown: each pass widens something, real loops settle in two. */
const MAX_PASSES = 8;

/**
 * Widens what a body is given until its results fit it again: dimensions that change from one iteration to the next become
 * unknown. Returns the settled state and what the body's last pass gave.
 */
export function settle(
  context: InferenceContext,
  body: Graph,
  initial: readonly ValueInfo[],
  inputsOf: (state: readonly ValueInfo[]) => ValueInfo[],
  nextState: (outputs: readonly ValueInfo[]) => readonly (ValueInfo | undefined)[],
): { state: ValueInfo[]; outputs: ValueInfo[] } {
  let state = [...initial];
  for (let pass = 1; ; pass++) {
    const outputs = context.inferSubgraph(body, inputsOf(state), true);
    const next = nextState(outputs);
    const wider = state.map((info, index) => mergeInfos(info, next[index] ?? { type: undefined }));
    if (wider.every((info, index) => sameInfo(info, state[index]!))) break;
    state = pass < MAX_PASSES ? wider : wider.map(({ type }) => ({ type: withoutShape(type) }));
  }
  // Once more for the warnings, which earlier passes may have had for states that were too narrow.
  return { state, outputs: context.inferSubgraph(body, inputsOf(state)) };
}

function withoutShape(type: ValueType | undefined): ValueType | undefined {
  return type?.kind === 'tensor' ? tensorType(type.dtype) : undefined;
}

/** Adds an axis for the iterations in front of what a body gives. */
function stacked({ type }: ValueInfo, count: Dim): ValueInfo {
  if (type?.kind !== 'tensor') return { type: undefined };
  return { type: tensorType(type.dtype, type.shape && [count, ...type.shape]) };
}

/** True when the body hands its condition on unchanged, or makes it true, whatever happens. */
function neverStops(body: Graph, condition: ValueInfo | undefined): boolean {
  if (condition?.data?.[0] === 1) return true;
  let value = body.outputs[0];
  while (value?.producer?.isStandard('Identity')) value = value.producer.inputs[0];
  return value !== undefined && value === body.inputs[1];
}

/** Loop: inputs M, cond, carried...; body inputs iteration, cond, carried...; body outputs cond, carried..., scanned... */
export const loopRule = defineRule({
  op: 'Loop',
  infer(node, context) {
    const body = node.subgraph('body');
    if (!body) throw context.error('body', 'a graph', 'none');
    const initial = node.inputs.slice(2).map((_, index) => context.infoOf(index + 2));
    const carried = initial.length;
    if (body.inputs.length !== carried + 2) throw context.error('body', `${carried + 2} inputs`, body.inputs.length);
    if (body.outputs.length < carried + 1)
      throw context.error('body', `>= ${carried + 1} outputs`, body.outputs.length);
    const counter = { type: tensorType('int64', []) };
    const condition = { type: tensorType('bool', []) };
    const { state, outputs } = settle(
      context,
      body,
      initial,
      (current) => [counter, condition, ...current],
      (results) => results.slice(1, carried + 1),
    );
    const starts = !context.has(1) || scalarOf(context, 1) === 1;
    const trips = context.has(0) && starts && neverStops(body, outputs[0]) ? context.dataOf(0)?.[0] : undefined;
    state.forEach((info, output) => context.setInfo(output, info));
    outputs.slice(carried + 1).forEach((info, index) => {
      context.setInfo(carried + index, stacked(info, typeof trips === 'number' ? Math.max(0, trips) : trips));
    });
  },
});
