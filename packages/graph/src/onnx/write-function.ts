import type { FunctionDefinition } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import type { ChunkList } from '../wire/chunk.js';
import { encodeString, encodeStrings } from '../wire/encode.js';
import type { WireMessage } from '../wire/wire-message.js';
import { FUNCTION, NODE } from './fields.js';
import { buildMessage, type Item, rebuildMessage } from './rebuild-message.js';
import { attributeItem } from './write-attribute.js';
import { nodeItems, writeGraph } from './write-graph.js';
import type { TensorPlacement } from './write-tensor.js';
import { valueInfoItems } from './write-value-info.js';

/** The body of a FunctionProto, or undefined when it stands in the file as it is; its opset list is given. */
export function writeFunction(
  definition: FunctionDefinition,
  opsets: readonly Item[],
  placement: TensorPlacement,
): ChunkList | undefined {
  const { body, origin } = definition;
  const defaults = Array.from(definition.defaults?.values() ?? [], (item) =>
    attributeItem(item, (graph) => writeGraph(graph, placement), placement),
  );
  const lists = new Map<number, readonly Item[]>([
    [FUNCTION.node, nodeItems(body, placement)],
    [FUNCTION.opset_import, opsets],
    [FUNCTION.attribute_proto, defaults],
    [FUNCTION.value_info, valueInfoItems(body, origin, FUNCTION.value_info, functionNames)],
  ]);
  const scalars = new Map<number, ChunkList>();
  for (const [no, value] of [
    [FUNCTION.name, definition.name],
    [FUNCTION.domain, definition.domain],
    [FUNCTION.overload, definition.overload],
  ] as const) {
    const present = origin?.string(no) ?? '';
    // `ai.onnx` is the standard domain by its other name.
    if ((no === FUNCTION.domain && present === 'ai.onnx' ? '' : present) !== value)
      scalars.set(no, encodeString(no, value));
  }
  for (const [no, values] of [
    [FUNCTION.input, namesOf(body.inputs)],
    [FUNCTION.output, namesOf(body.outputs)],
    [FUNCTION.attribute, definition.attributes ?? []],
  ] as const) {
    const present = origin?.strings(no) ?? [];
    const isSame = present.length === values.length && present.every((name, index) => name === values[index]);
    if (!isSame) scalars.set(no, encodeStrings(no, values));
  }
  return origin ? rebuildMessage(origin, { lists, scalars }) : buildMessage({ lists, scalars });
}

const namesOf = (values: readonly Value[]): string[] => values.map((value) => value.name);

function functionNames(definition: WireMessage): ReadonlySet<string> {
  const names = new Set(definition.strings(FUNCTION.input));
  for (const node of definition.messages(FUNCTION.node)) for (const name of node.strings(NODE.output)) names.add(name);
  return names;
}
