import * as wire from '../../wire/index.js';
import { fileCase, type HostileCase, type HostileFamily } from './hostile-case.js';
import * as parts from './onnx-parts.js';

const { GraphProto, ModelProto, NodeProto, StringStringEntryProto } = wire.onnxSchema;

/** A model whose input, node, initializer, output and metadata key are all called by this name. */
function named(name: string): Uint8Array {
  const relu = wire.concatChunks(
    parts.node('Add', [`${name}x`, name], [`${name}y`]),
    wire.encodeString(NodeProto.no.name, name),
  );
  const entry = wire.concatChunks(
    wire.encodeString(StringStringEntryProto.no.key, name),
    wire.encodeString(StringStringEntryProto.no.value, name),
  );
  return parts.model(
    parts.graph(
      parts.input(`${name}x`, [1]),
      parts.initializer(parts.floats(name, [1], [1])),
      parts.nodeField(relu),
      parts.output(`${name}y`),
    ),
    wire.encodeMessage(ModelProto.no.metadata_props, entry),
  );
}

const rawName = (...bytes: number[]) =>
  parts.model(parts.graph(wire.encodeMessage(GraphProto.no.input, wire.encodeBytes(1, Uint8Array.from(bytes)))));

const spellings: readonly HostileCase[] = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'].map((name) =>
    fileCase(`everything called ${name}`, 'ok', () => named(name)),
  ),
  fileCase('names with NUL', 'ok', () => named('a\0b')),
  fileCase('names with an escape sequence of a terminal', 'ok', () => named('\u001b[2J')),
  fileCase('names with a right-to-left override', 'ok', () => named('\u202egnp.exe')),
  fileCase('names with line breaks and quotes', 'ok', () => named('"\r\n<script>')),
  fileCase('names that differ only by normalisation', 'ok', () =>
    parts.model(parts.graph(parts.input('\u00e9', [1]), parts.input('e\u0301', [1]))),
  ),
  fileCase('a name that is not UTF-8', 'ERR_BAD_UTF8', () => rawName(0xff, 0xfe)),
  fileCase('a name with a lone surrogate', 'ERR_BAD_UTF8', () => rawName(0xed, 0xa0, 0x80)),
  fileCase('a name in overlong UTF-8', 'ERR_BAD_UTF8', () => rawName(0xc0, 0xaf)),
  fileCase('a name cut within a character', 'ERR_BAD_UTF8', () => rawName(0x61, 0xe2, 0x82)),
];

const relu = (from: string, to: string) => parts.nodeField(parts.node('Relu', [from], [to]));

const duplicates: readonly HostileCase[] = [
  fileCase('two initializers of one name', 'ERR_DUPLICATE_NAME', () =>
    parts.model(
      parts.graph(parts.initializer(parts.floats('w', [1], [1])), parts.initializer(parts.floats('w', [1], [2]))),
    ),
  ),
  fileCase('two nodes that make one value', 'ERR_DUPLICATE_NAME', () =>
    parts.model(parts.graph(parts.input('x', [1]), relu('x', 'y'), relu('x', 'y'))),
  ),
  fileCase('a node that makes an input', 'ERR_DUPLICATE_NAME', () =>
    parts.model(parts.graph(parts.input('x', [1]), relu('x', 'x'))),
  ),
  fileCase('a node that makes one value twice', 'ERR_DUPLICATE_NAME', () =>
    parts.model(parts.graph(parts.input('x', [2]), parts.nodeField(parts.node('Split', ['x'], ['y', 'y'])))),
  ),
  fileCase('an input declared twice', 'ERR_DUPLICATE_NAME', () =>
    parts.model(parts.graph(parts.input('x', [1]), parts.input('x', [2]))),
  ),
  fileCase('two nodes of one name', 'ok', () => {
    const twin = (to: string) =>
      parts.nodeField(wire.concatChunks(parts.node('Relu', ['x'], [to]), wire.encodeString(NodeProto.no.name, 'n')));
    return parts.model(parts.graph(parts.input('x', [1]), twin('y'), twin('z')));
  }),
  fileCase('an attribute given twice', 'ERR_DUPLICATE_NAME', () =>
    parts.model(
      parts.graph(
        parts.input('x', [4]),
        parts.nodeField(
          parts.node('Softmax', ['x'], ['y'], [parts.intAttribute('axis', 0), parts.intAttribute('axis', -1)]),
        ),
      ),
    ),
  ),
  fileCase('an attribute without a name', 'ERR_EMPTY_NAME', () =>
    parts.model(parts.graph(parts.nodeField(parts.node('Odd', [], ['y'], [parts.intAttribute('', 0)])))),
  ),
  fileCase('an input without a name', 'ERR_EMPTY_NAME', () => parts.model(parts.graph(parts.input('', [1])))),
  fileCase('an initializer without a name', 'ERR_EMPTY_NAME', () =>
    parts.model(parts.graph(parts.initializer(parts.floats('', [1], [1])))),
  ),
];

export const nameCases: HostileFamily = { name: 'names', format: 'onnx', cases: [...spellings, ...duplicates] };
