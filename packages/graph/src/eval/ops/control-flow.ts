import type { Graph } from '../../ir/graph.js';
import type { Value } from '../../ir/value.js';
import type { EvalTensor, EvalValue } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { reshape } from '../strided.js';
import { concat, section } from './move.js';

function body(call: KernelCall, name: string): Graph {
  const graph = call.node.subgraph(name);
  if (!graph) call.fail('ERR_EVAL_INPUT', name, 'a subgraph', 'none');
  return graph;
}

function runIf(call: KernelCall): readonly EvalValue[] {
  const condition = call.tensor(0).data[0];
  return call.runSubgraph(body(call, condition ? 'then_branch' : 'else_branch'), []);
}

const bool = (call: KernelCall, value: boolean): EvalTensor => call.result('bool', [], [value ? 1 : 0]);

/** Body inputs: iteration, condition, carried values; outputs: condition, carried values, values to stack. */
function runLoop(call: KernelCall): readonly EvalValue[] {
  const graph = body(call, 'body');
  const limit = call.optional(0) ? Number(call.tensor(0).data[0]) : Infinity;
  let condition: EvalValue = call.optional(1) ?? bool(call, true);
  let carried = call.inputs.slice(2).map((_, index) => call.value(index + 2));
  const stacked: EvalTensor[][] = graph.outputs.slice(1 + carried.length).map(() => []);
  for (let i = 0; i < limit && (condition as EvalTensor).data[0]; i++) {
    // Each turn costs something even when its body does nothing.
    call.charge(1);
    const results = call.runSubgraph(graph, [call.result('int64', [], [i]), condition, ...carried]);
    condition = results[0]!;
    stacked.forEach((parts, k) => {
      const part = results[1 + carried.length + k]!;
      if (part.kind !== 'tensor') call.fail('ERR_EVAL_INPUT', 'scan output', 'a tensor', part.kind);
      parts.push(part);
    });
    carried = results.slice(1, 1 + carried.length);
  }
  return [...carried, ...stacked.map((parts, k) => stack(call, parts, 0, graph.outputs[1 + carried.length + k]))];
}

/** Joins equal shapes along a new axis. Of no parts nothing is known but what `declared` says; unknown sizes are 0, as in ONNX Runtime. */
function stack(call: KernelCall, parts: readonly EvalTensor[], axis: number, declared?: Value): EvalTensor {
  if (parts.length === 0) {
    const type = declared?.type?.kind === 'tensor' ? declared.type : undefined;
    const dims = (type?.shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 0));
    return call.allocate(type?.dtype ?? 'float32', dims.toSpliced(axis < 0 ? axis + dims.length + 1 : axis, 0, 0));
  }
  const at = axis < 0 ? axis + parts[0]!.dims.length + 1 : axis;
  const widened = parts.map((part) => reshape(part, [...part.dims.slice(0, at), 1, ...part.dims.slice(at)]));
  return concat(call, widened, at);
}

/** Opset 9 and later: no batch axis; state variables first, then scanned inputs. */
function runScan(call: KernelCall): readonly EvalValue[] {
  if (call.opset < 9) return runBatchedScan(call);
  const inputs = call.tensors();
  return scan(call, inputs);
}

function scan(call: KernelCall, inputs: readonly EvalTensor[]): readonly EvalTensor[] {
  const { node } = call;
  const graph = body(call, 'body');
  const scanned = node.int('num_scan_inputs', 0);
  const states = inputs.length - scanned;
  const outputs = graph.outputs.length - states;
  const zeros = (count: number) => new Array<number>(count).fill(0);
  const [inAxes, outAxes] = [
    node.ints('scan_input_axes', zeros(scanned)),
    node.ints('scan_output_axes', zeros(outputs)),
  ];
  const inBack = node.ints('scan_input_directions', node.ints('directions', zeros(scanned)));
  const outBack = node.ints('scan_output_directions', zeros(outputs));
  const axes = inAxes.map((axis, k) => call.axis(axis, inputs[states + k]!.dims.length));
  const steps = inputs[states]!.dims[axes[0]!]!;
  let carried: readonly EvalValue[] = inputs.slice(0, states);
  const stacked: EvalTensor[][] = Array.from({ length: outputs }, () => []);
  for (let step = 0; step < steps; step++) {
    call.charge(1);
    const parts = axes.map((axis, k) => {
      const x = inputs[states + k]!;
      const part = section(call, x, axis, inBack[k] ? steps - 1 - step : step, 1);
      return reshape(
        part,
        x.dims.filter((_, i) => i !== axis),
      );
    });
    const results = call.runSubgraph(graph, [...carried, ...parts]);
    carried = results.slice(0, states);
    stacked.forEach((list, k) => list[outBack[k] ? 'unshift' : 'push'](results[states + k] as EvalTensor));
  }
  return [
    ...(carried as EvalTensor[]),
    ...stacked.map((list, k) => stack(call, list, outAxes[k]!, graph.outputs[states + k])),
  ];
}

/**
 * Opset 8: a batch axis in front of everything, optional sequence lengths as first input; what is stacked ends in zeros behind a
 * shorter sequence.
 */
function runBatchedScan(call: KernelCall): readonly EvalValue[] {
  const lengths = call.optionalIntegers(0);
  const inputs = call.inputs.slice(1).map((_, index) => call.tensor(index + 1));
  const batch = inputs[0]!.dims[0]!;
  const states = inputs.length - call.node.int('num_scan_inputs', 0);
  const longest = inputs[states]!.dims[1]!;
  const rows = Array.from({ length: batch }, (_, n) => {
    const steps = lengths ? lengths[n]! : longest;
    if (!(steps >= 0 && steps <= longest)) {
      call.fail('ERR_EVAL_VALUE', 'sequence_lens', `[0, ${longest}]`, String(steps));
    }
    const items = inputs.map((x) => reshape(section(call, x, 0, n, 1), x.dims.slice(1)));
    const results = scan(
      call,
      items.map((x, i) => (i < states ? x : section(call, x, 0, 0, steps))),
    );
    return results.map((x, i) => (i < states || steps === longest ? x : lengthened(call, x, longest - steps)));
  });
  return rows[0]!.map((_, k) =>
    stack(
      call,
      rows.map((row) => row[k]!),
      0,
    ),
  );
}

/** `x` with `count` rows of zeros behind it. */
function lengthened(call: KernelCall, x: EvalTensor, count: number): EvalTensor {
  return concat(call, [x, call.allocate(x.dtype, [count, ...x.dims.slice(1)])], 0);
}

/** A sequence's tensors joined, or stacked along a new axis. */
function concatFromSequence(call: KernelCall): EvalTensor {
  const parts = sequence(call, 0) as EvalTensor[];
  const axis = call.node.int('axis', 0);
  if (call.node.int('new_axis', 0) === 1) return stack(call, parts, axis);
  return concat(call, parts, call.axis(axis, parts[0]?.dims.length ?? 0));
}

function sequence(call: KernelCall, index: number): readonly EvalValue[] {
  const value = call.value(index);
  if (value.kind !== 'sequence') call.fail('ERR_EVAL_INPUT', `input ${index}`, 'a sequence', value.kind);
  return value.items;
}

/** A position in a sequence, counted from the end when negative. */
function place(call: KernelCall, index: number, length: number, fallback: number): number {
  if (!call.inputs[index]) return fallback;
  const given = call.integers(index)[0]!;
  const at = given < 0 ? given + length : given;
  if (!(at >= 0 && at <= length)) call.fail('ERR_EVAL_VALUE', 'position', `[-${length}, ${length}]`, String(given));
  return at;
}

const wrap = (items: readonly EvalValue[]): EvalValue => ({ kind: 'sequence', items });

function splitToSequence(call: KernelCall): EvalValue {
  const x = call.tensor(0);
  const axis = call.axis(call.node.int('axis', 0), x.dims.length);
  const length = x.dims[axis]!;
  const given = call.optionalIntegers(1);
  const every = given && call.tensor(1).dims.length === 0 ? given[0]! : undefined;
  const size = given ? every : 1;
  const sizes =
    size === undefined
      ? given!
      : Array.from({ length: Math.ceil(length / size) }, (_, i) => Math.min(size, length - i * size));
  let start = 0;
  const parts = sizes.map((count) => {
    const part = section(call, x, axis, start, count);
    start += count;
    const drop = !given && call.node.int('keepdims', 1) === 0;
    return drop
      ? reshape(
          part,
          part.dims.filter((_, i) => i !== axis),
        )
      : part;
  });
  return wrap(parts);
}

/** Runs the body on each element of the first sequence (others: the element beside it, tensors: as they are). */
function sequenceMap(call: KernelCall): readonly EvalValue[] {
  const graph = body(call, 'body');
  const rows = sequence(call, 0).map((_, i) =>
    call.runSubgraph(
      graph,
      call.inputs.map((_, k) => {
        const value = call.value(k);
        return value.kind === 'sequence' ? value.items[i]! : value;
      }),
    ),
  );
  return graph.outputs.map((_, k) => wrap(rows.map((row) => row[k]!)));
}

export const controlFlow: readonly Kernel[] = [
  defineKernel({ op: 'If', run: runIf }),
  defineKernel({ op: 'Loop', run: runLoop }),
  defineKernel({ op: 'Scan', run: runScan }),
  defineKernel({ op: 'SequenceConstruct', run: (call) => [wrap(call.tensors())] }),
  defineKernel({ op: 'SequenceEmpty', run: () => [wrap([])] }),
  defineKernel({ op: 'SequenceMap', run: sequenceMap }),
  defineKernel({ op: 'SplitToSequence', run: (call) => [splitToSequence(call)] }),
  defineKernel({ op: 'ConcatFromSequence', run: (call) => [concatFromSequence(call)] }),
  defineKernel({
    op: 'SequenceLength',
    run: (call) => [call.result('int64', [], [sequence(call, 0).length])],
  }),
  defineKernel({
    op: 'SequenceAt',
    run: (call) => {
      const items = sequence(call, 0);
      const found = items[place(call, 1, items.length, 0)];
      if (!found) call.fail('ERR_EVAL_VALUE', 'position', `below ${items.length}`, 'the end');
      return [found];
    },
  }),
  defineKernel({
    op: 'SequenceInsert',
    run: (call) => {
      const items = sequence(call, 0);
      return [wrap(items.toSpliced(place(call, 2, items.length, items.length), 0, call.tensor(1)))];
    },
  }),
  defineKernel({
    op: 'SequenceErase',
    run: (call) => {
      const items = sequence(call, 0);
      return [wrap(items.toSpliced(place(call, 1, items.length, items.length - 1), 1))];
    },
  }),
  defineKernel({ op: 'Optional', run: (call) => [call.inputs[0] ?? { kind: 'none' }] }),
  defineKernel({
    op: 'OptionalHasElement',
    run: (call) => [bool(call, call.inputs[0] !== undefined && call.inputs[0].kind !== 'none')],
  }),
  defineKernel({
    op: 'OptionalGetElement',
    run: (call) => {
      if (call.value(0).kind === 'none') call.fail('ERR_EVAL_VALUE', 'input', 'an element', 'an empty optional');
      return [call.value(0)];
    },
  }),
];
