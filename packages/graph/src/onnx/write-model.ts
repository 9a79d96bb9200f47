import type { FunctionDefinition, Model } from '../ir/model.js';
import { ChunkList } from '../wire/chunk.js';
import { concatChunks, encodeInt, encodeString } from '../wire/encode.js';
import { assertModelSize } from '../wire/external-writer.js';
import { toBytes } from '../wire/read-chunks.js';
import type { WireMessage } from '../wire/wire-message.js';
import { ENTRY, FUNCTION, MODEL, OPSET } from './fields.js';
import { buildMessage, type Item, rebuildMessage } from './rebuild-message.js';
import { writeFunction } from './write-function.js';
import { writeGraph } from './write-graph.js';
import { embedded, inPlace, type TensorPlacement } from './write-tensor.js';

/** The model as a rope of bytes: what was not edited is copied from the file it was read from, byte for byte. */
export function writeModel(model: Model, placement: TensorPlacement = embedded): ChunkList {
  const { origin } = model;
  const graph: Item = { origin: model.graph.origin, body: writeGraph(model.graph, placement) };
  const lists = new Map<number, readonly Item[]>([
    [MODEL.opset_import, opsetItems(model.opsets, origin, MODEL.opset_import)],
    [MODEL.graph, [graph]],
    [MODEL.metadata_props, metadataItems(model)],
    [MODEL.functions, model.functions.map((definition) => functionItem(definition, placement))],
  ]);
  const scalars = new Map<number, ChunkList>();
  if (!origin || (origin.safeInt(MODEL.ir_version) ?? 0) !== model.irVersion) {
    scalars.set(MODEL.ir_version, encodeInt(MODEL.ir_version, model.irVersion));
  }
  for (const [no, wanted] of [
    [MODEL.producer_name, model.producerName],
    [MODEL.producer_version, model.producerVersion],
  ] as const) {
    if ((origin?.string(no) ?? '') !== wanted) scalars.set(no, encodeString(no, wanted));
  }
  if (!origin) return buildMessage({ lists, scalars });
  return (
    rebuildMessage(origin, { lists, scalars }) ?? new ChunkList().pushRange(origin.source, origin.start, origin.end)
  );
}

/** True while every byte of the model is the file's. */
export function isUnedited(model: Model): boolean {
  const { origin } = model;
  const [chunk, more] = writeModel(model, inPlace).chunks;
  if (!origin || more || chunk?.kind !== 'range') return false;
  return chunk.source === origin.source && chunk.start === origin.start && chunk.end === origin.end;
}

/** Bytes that the model takes with all tensors inside; nothing is copied. */
export const modelBytes = (model: Model): number => writeModel(model).byteLength;

/** The model as bytes, all tensors inside. Throws ERR_MODEL_TOO_LARGE from 2 GiB on: save such a model with external data. */
export function serializeModel(model: Model): Uint8Array {
  const chunks = writeModel(model);
  assertModelSize(chunks.byteLength, 'model');
  return toBytes(chunks);
}

const standard = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);

const opsetVersion = (item: WireMessage): number => item.safeInt(OPSET.version) ?? 0;

/** The file's own entries, repeated keys and all, for a map nobody edited. */
const untouched = (children: readonly WireMessage[]): Item[] => children.map((origin) => ({ origin, body: undefined }));

function sameEntries<T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.has(key) && b.get(key) === value);
}

function opsetItems(opsets: ReadonlyMap<string, number>, origin: WireMessage | undefined, no: number): Item[] {
  const children = origin?.messages(no) ?? [];
  const versions = new Map(children.map((item) => [standard(item.string(OPSET.domain) ?? ''), opsetVersion(item)]));
  if (sameEntries(versions, opsets)) return untouched(children);
  return Array.from(opsets, ([domain, version]) => {
    const child = children.find((item) => standard(item.string(OPSET.domain) ?? '') === domain);
    if (child && opsetVersion(child) === version) return { origin: child, body: undefined };
    const name = domain === '' ? new ChunkList() : encodeString(OPSET.domain, domain);
    return { origin: child, body: concatChunks(name, encodeInt(OPSET.version, version)) };
  });
}

function metadataItems(model: Model): Item[] {
  const children = model.origin?.messages(MODEL.metadata_props) ?? [];
  const entries = new Map(children.map((item) => [item.string(ENTRY.key) ?? '', item.string(ENTRY.value) ?? '']));
  if (sameEntries(entries, model.metadata)) return untouched(children);
  return Array.from(model.metadata, ([key, value]) => {
    const child = children.find((item) => (item.string(ENTRY.key) ?? '') === key);
    if (child && (child.string(ENTRY.value) ?? '') === value) return { origin: child, body: undefined };
    return { origin: child, body: concatChunks(encodeString(ENTRY.key, key), encodeString(ENTRY.value, value)) };
  });
}

function functionItem(definition: FunctionDefinition, placement: TensorPlacement): Item {
  const { origin } = definition;
  const opsets = opsetItems(definition.opsets, origin, FUNCTION.opset_import);
  return { origin, body: writeFunction(definition, opsets, placement) };
}
