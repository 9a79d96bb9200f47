import * as wire from '../../wire/index.js';
import { fileCase, type HostileCase, type HostileFamily } from './hostile-case.js';
import * as parts from './onnx-parts.js';

const { ModelProto } = wire.onnxSchema;

const relu = (from: string, to: string) => parts.nodeField(parts.node('Relu', [from], [to]));

function reversed(count: number): Uint8Array {
  const nodes = parts.numbered(count, (i) => relu(i === count - 1 ? 'x' : `v${count - i - 1}`, `v${count - i}`));
  return parts.model(parts.graph(parts.input('x', [2]), nodes, parts.output(`v${count}`)));
}

const order: readonly HostileCase[] = [
  fileCase('a cycle of two nodes', 'ERR_CYCLE', () => parts.model(parts.graph(relu('a', 'b'), relu('b', 'a')))),
  fileCase('a node that reads itself', 'ERR_CYCLE', () => parts.model(parts.graph(relu('a', 'a')))),
  fileCase('a cycle through a branch', 'ERR_CYCLE', () => {
    const branch = parts.graph(relu('y', 'b'), parts.output('b'));
    const attributes = [parts.graphAttribute('then_branch', branch), parts.graphAttribute('else_branch', branch)];
    return parts.model(
      parts.graph(
        parts.input('c', [], 9),
        parts.nodeField(parts.node('If', ['c'], ['y'], attributes)),
        parts.output('y'),
      ),
    );
  }),
  { ...fileCase('20,000 nodes in reverse order', 'ok', () => reversed(20_000)), skipsWriting: true },
  fileCase('an input that nothing makes', 'ERR_UNDEFINED_VALUE', () => parts.model(parts.graph(relu('nowhere', 'y')))),
  fileCase('an output that nothing makes', 'ERR_UNDEFINED_VALUE', () => parts.model(parts.graph(parts.output('y')))),
  fileCase('a model without a graph', 'ERR_NOT_ONNX', () => wire.toBytes(wire.encodeInt(ModelProto.no.ir_version, 10))),
];

const ifNode = (branch: wire.ChunkList) =>
  parts.nodeField(
    parts.node(
      'If',
      ['c'],
      ['y'],
      [parts.graphAttribute('then_branch', branch), parts.graphAttribute('else_branch', branch)],
    ),
  );

const withIf = (branch: wire.ChunkList) =>
  parts.model(parts.graph(parts.input('c', [], 9), parts.input('x', [2]), ifNode(branch), parts.output('y')));

/** A Loop over [iteration, condition, state] whose body adds `captured` to the state. */
function withLoop(captured: string): Uint8Array {
  const body = parts.graph(
    parts.input('i', [], 7),
    parts.input('go', [], 9),
    parts.input('s', [2]),
    parts.nodeField(parts.node('Identity', ['go'], ['on'])),
    parts.nodeField(parts.node('Add', ['s', captured], ['t'])),
    parts.output('on'),
    parts.output('t'),
  );
  const loop = parts.node('Loop', ['n', '', 'x'], ['y'], [parts.graphAttribute('body', body)]);
  return parts.model(
    parts.graph(parts.input('n', [], 7), parts.input('x', [2]), parts.nodeField(loop), parts.output('y')),
  );
}

const scopes: readonly HostileCase[] = [
  fileCase('a branch that captures an outer value', 'ok', () => withIf(parts.graph(relu('x', 'b'), parts.output('b')))),
  fileCase('a branch that hands on an outer value', 'ok', () => withIf(parts.graph(parts.output('x')))),
  fileCase('a loop that captures an outer value', 'ok', () => withLoop('x')),
  fileCase('a loop that reads what does not exist', 'ERR_UNDEFINED_VALUE', () => withLoop('nowhere')),
  fileCase('a branch that reads what does not exist', 'ERR_UNDEFINED_VALUE', () =>
    withIf(parts.graph(relu('nowhere', 'b'), parts.output('b'))),
  ),
  fileCase('a main graph that reads a value of a branch', 'ERR_UNDEFINED_VALUE', () =>
    parts.model(
      parts.graph(
        parts.input('c', [], 9),
        parts.input('x', [2]),
        ifNode(parts.graph(relu('x', 'b'), parts.output('b'))),
        relu('b', 'z'),
      ),
    ),
  ),
  fileCase('an If without branches', 'ERR_SHAPE', () =>
    parts.model(parts.graph(parts.input('c', [], 9), parts.nodeField(parts.node('If', ['c'], ['y'])))),
  ),
  fileCase('a function that captures a value of the model', 'ERR_UNDEFINED_VALUE', () =>
    parts.model(parts.graph(parts.input('x', [2])), parts.functionOf('k', parts.node('Relu', ['x'], ['b']))),
  ),
];

const call = (name: string, from: string, to: string) => parts.node(name, [from], [to], [], 'f');

const caller = (name: string, ...functions: readonly wire.ChunkList[]) =>
  parts.model(
    parts.graph(parts.input('a', [2]), parts.nodeField(call(name, 'a', 'y')), parts.output('y')),
    ...functions,
  );

/** Functions f0 ... fn, each calling the one before `times` times. */
function tower(levels: number, times: number): wire.ChunkList[] {
  const functions = [parts.functionOf('f0', parts.node('Relu', ['a'], ['b']))];
  for (let level = 1; level <= levels; level++) {
    const calls = Array.from({ length: times }, (_, i) =>
      call(`f${level - 1}`, i === 0 ? 'a' : `t${i}`, i === times - 1 ? 'b' : `t${i + 1}`),
    );
    functions.push(parts.functionOf(`f${level}`, ...calls));
  }
  return functions;
}

const functions: readonly HostileCase[] = [
  fileCase('a function that calls itself', 'ERR_FUNCTION_RECURSION', () =>
    caller('k', parts.functionOf('k', call('k', 'a', 'b'))),
  ),
  fileCase('two functions that call one another', 'ERR_FUNCTION_RECURSION', () =>
    caller('k', parts.functionOf('k', call('l', 'a', 'b')), parts.functionOf('l', call('k', 'a', 'b'))),
  ),
  fileCase('a function that calls itself in a branch', 'ERR_FUNCTION_RECURSION', () => {
    const branch = parts.graph(parts.nodeField(call('k', 'a', 'r')), parts.output('r'));
    const attributes = [parts.graphAttribute('then_branch', branch), parts.graphAttribute('else_branch', branch)];
    return caller('k', parts.functionOf('k', parts.node('If', ['a'], ['b'], attributes)));
  }),
  fileCase('functions that call one another and that nothing calls', 'ERR_FUNCTION_RECURSION', () =>
    parts.model(parts.graph(), parts.functionOf('k', call('l', 'a', 'b')), parts.functionOf('l', call('k', 'a', 'b'))),
  ),
  fileCase('40 functions that each call the next twice', 'ERR_EXPANSION_BUDGET', () => caller('f40', ...tower(40, 2))),
  fileCase('10 functions that each call the next 10 times', 'ERR_EXPANSION_BUDGET', () =>
    caller('f10', ...tower(10, 10)),
  ),
  fileCase('10 functions that each call the next twice', 'ok', () => caller('f10', ...tower(10, 2))),
  fileCase('60 functions that each call the next', 'ok', () => caller('f60', ...tower(60, 1))),
  fileCase('2000 functions that each call the next', 'ERR_FUNCTION_DEPTH', () => caller('f2000', ...tower(2000, 1))),
  fileCase('a function defined twice', 'ERR_DUPLICATE_NAME', () =>
    caller(
      'k',
      parts.functionOf('k', parts.node('Relu', ['a'], ['b'])),
      parts.functionOf('k', parts.node('Neg', ['a'], ['b'])),
    ),
  ),
];

const opset = (version: number | bigint, domain = '') =>
  wire.encodeMessage(
    ModelProto.no.opset_import,
    wire.concatChunks(wire.encodeString(1, domain), wire.encodeInt(2, version)),
  );

const withOpsets = (...opsets: readonly wire.ChunkList[]) => {
  const graph = parts.graph(parts.input('x', [2]), relu('x', 'y'), parts.output('y'));
  return wire.toBytes(wire.concatChunks(...opsets, wire.encodeMessage(ModelProto.no.graph, graph)));
};

const opsets: readonly HostileCase[] = [
  fileCase('opset 0', 'ok', () => withOpsets(opset(0))),
  fileCase('opset 10^9', 'ok', () => withOpsets(opset(1_000_000_000))),
  fileCase('opset -1', 'ok', () => withOpsets(opset(-1))),
  fileCase('opset 2^63 - 1', 'ERR_INT_RANGE', () => withOpsets(opset(2n ** 63n - 1n))),
  fileCase('no opset', 'ok', () => withOpsets()),
  fileCase('one domain twice, at one version', 'ok', () => withOpsets(opset(21), opset(21, 'ai.onnx'))),
  fileCase('one domain twice, at two versions', 'ERR_DUPLICATE_NAME', () => withOpsets(opset(21), opset(7))),
  fileCase('an operator of an unknown domain', 'ok', () =>
    parts.model(parts.graph(parts.input('x', [2]), parts.nodeField(parts.node('Odd', ['x'], ['y'], [], 'com.evil')))),
  ),
];

export const graphCases: HostileFamily = {
  name: 'graphs',
  format: 'onnx',
  cases: [...order, ...scopes, ...functions, ...opsets],
};
