import { GossamerError } from '../errors.js';
import type { Attribute } from '../ir/attribute.js';
import { type FunctionDefinition, Model } from '../ir/model.js';
import type { ByteSource } from '../wire/byte-source.js';
import { ExternalData } from '../wire/external-data.js';
import type { ExternalTrust } from '../wire/external-path.js';
import { FileSource } from '../wire/file-source.js';
import { foreignFormat } from '../wire/foreign-format.js';
import { MemorySource } from '../wire/memory-source.js';
import { ModelProto } from '../wire/onnx-schema.js';
import { validateMessages } from '../wire/validate-messages.js';
import { openWire, type WireMessage } from '../wire/wire-message.js';
import { checkFunctions } from './check-functions.js';
import { ENTRY, FUNCTION, MODEL, OPSET } from './fields.js';
import { readAttribute } from './read-attribute.js';
import { readFunctionBody, readGraph, type ReadContext } from './read-graph.js';
import { PartBudget, type ReadLimits, readLimits } from './read-limits.js';

/** As many first bytes as tell other formats apart. */
const FOREIGN_BYTES = 16;

export interface ReadOptions {
  /** Bounds on what a file may make this process do; each has a default (see ReadLimits). */
  readonly limits?: Partial<ReadLimits>;
  /**
   * 'untrusted' refuses links in external data, checks every message of the file whether it is used or not, and has lower limits;
   * 'trusted' follows links inside the model's folder. Default 'trusted'.
   */
  readonly trust?: ExternalTrust;
}

/**
 * Opens an ONNX file lazily: structure is parsed, weights stay on disk until they are read. Files over 2 GiB and external data
 * are fine. Throws a GossamerError (ERR_NOT_ONNX, ERR_TRUNCATED, ERR_TENSOR_DATA, ...) for a file that is not a sound model.
 */
export async function loadModel(path: string, options: ReadOptions = {}): Promise<Model> {
  const source = new FileSource(path);
  try {
    return readModel(source, options);
  } catch (error) {
    source.close();
    throw error;
  }
}

/** Reads a model from bytes in memory, which must not change while the model is in use. */
export function parseModel(bytes: Uint8Array, options: ReadOptions = {}): Model {
  return readModel(new MemorySource(bytes), options);
}

/** Reads a model from any source of bytes; the source stays open as long as tensors are read from it. */
export function readModel(source: ByteSource, options: ReadOptions = {}): Model {
  try {
    return readMessages(source, options);
  } catch (error) {
    // Only now: the first bytes of a sound model may be any of these.
    const foreign = foreignFormat(source.read(0, Math.min(FOREIGN_BYTES, source.byteLength)));
    if (foreign === undefined) throw error;
    const message = `${source.path ?? 'model'}: expected an ONNX model, received ${foreign}`;
    throw new GossamerError('ERR_NOT_ONNX', message, { cause: error });
  }
}

function readMessages(source: ByteSource, options: ReadOptions): Model {
  const trust = options.trust ?? 'trusted';
  const limits = readLimits(options.limits ?? {}, trust);
  // A trusted file is checked where it is read; an untrusted one in every position, used or not.
  if (trust === 'untrusted') validateMessages(openWire(source, ModelProto, limits));
  const message = openWire(source, ModelProto, limits);
  const graph = message.message(MODEL.graph);
  if (!graph) {
    throw new GossamerError(
      'ERR_NOT_ONNX',
      `${source.path ?? 'model'}: expected an ONNX ModelProto, received no graph`,
    );
  }
  const warnings: string[] = [];
  const context: ReadContext = {
    external: new ExternalData(source.path, trust),
    warnings,
    checksIndices: trust === 'untrusted',
    parts: new PartBudget(limits.maxParts),
    maxAttributes: limits.maxAttributes,
    maxSlots: limits.maxSlots,
  };
  const metadata = new Map<string, string>();
  for (const entry of message.messages(MODEL.metadata_props)) {
    metadata.set(entry.string(ENTRY.key) ?? '', entry.string(ENTRY.value) ?? '');
  }
  const functions = message.messages(MODEL.functions).map((definition) => readFunction(definition, context));
  const main = readGraph(graph, undefined, context);
  checkFunctions(main, functions, limits);
  return new Model({
    irVersion: message.safeInt(MODEL.ir_version) ?? 0,
    opsets: readOpsets(message, MODEL.opset_import),
    functions,
    graph: main,
    metadata,
    producerName: message.string(MODEL.producer_name) ?? '',
    producerVersion: message.string(MODEL.producer_version) ?? '',
    warnings,
    origin: message,
    path: source.path,
  });
}

function readOpsets(message: WireMessage, field: number): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const item of message.messages(field)) {
    const name = item.string(OPSET.domain) ?? '';
    const domain = name === 'ai.onnx' ? '' : name;
    const version = item.safeInt(OPSET.version) ?? 0;
    if ((opsets.get(domain) ?? version) !== version) {
      throw new GossamerError(
        'ERR_DUPLICATE_NAME',
        `opset_import ${JSON.stringify(domain)}: expected one version, received ${opsets.get(domain)} and ${version}`,
      );
    }
    opsets.set(domain, version);
  }
  return opsets;
}

function readDefaults(message: WireMessage, context: ReadContext): Map<string, Attribute> {
  const defaults = new Map<string, Attribute>();
  for (const item of message.messages(FUNCTION.attribute_proto)) {
    const attribute = readAttribute(item, context.external, (graph) => readGraph(graph, undefined, context));
    defaults.set(attribute.name, attribute);
  }
  return defaults;
}

function readFunction(message: WireMessage, context: ReadContext): FunctionDefinition {
  const domain = message.string(FUNCTION.domain) ?? '';
  return {
    domain: domain === 'ai.onnx' ? '' : domain,
    name: message.string(FUNCTION.name) ?? '',
    overload: message.string(FUNCTION.overload) ?? '',
    body: readFunctionBody(message, context),
    opsets: readOpsets(message, FUNCTION.opset_import),
    attributes: message.strings(FUNCTION.attribute),
    defaults: readDefaults(message, context),
    origin: message,
  };
}
