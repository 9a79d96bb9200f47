import { dirname } from 'node:path';
import { Model } from '../ir/model.js';
import type { ByteSource } from '../wire/byte-source.js';
import { type ExternalTrust, openExternalFile } from '../wire/external-path.js';
import { type Emitter, IR_VERSION, OPSET } from './emitter.js';
import { convertGraphModel } from './graph-model/convert-graph.js';
import { asObject, type JsonObject, parseJsonObject, property } from './json.js';
import { convertLayersModel } from './layers-model/convert-layers.js';
import { readModelJson } from './model-json.js';
import { readWeights, type Weights } from './weights-manifest.js';

export interface TfjsReadOptions {
  /** Whether links to shards are followed inside the model's folder ('trusted') or refused ('untrusted'). Default 'trusted'. */
  readonly trust?: ExternalTrust;
}

/**
 * Reads a TensorFlow.js model (graph or layers model) from its model.json as a Model of opset 21. Images become channels first inside;
 * inputs and outputs keep their names, order and TF.js layout. Weights stay in their shards until they are read; those stored as
 * float16, uint8 or uint16 become float32 by TF.js's own arithmetic.
 *
 * Throws a GossamerError: ERR_TFJS_UNSUPPORTED_OP, ERR_TFJS_STRING_OP, ERR_TFJS_CONTROL_FLOW or ERR_TFJS_UNSUPPORTED_LAYER naming what
 * cannot be expressed, ERR_TFJS_MODEL, ERR_TFJS_WEIGHTS or ERR_TFJS_NODE for a model that is not sound, ERR_EXTERNAL_PATH for a shard
 * outside the model's folder.
 */
export async function loadTfjsModel(path: string, options: TfjsReadOptions = {}): Promise<Model> {
  const text = readModelJson(path);
  const trust = options.trust ?? 'trusted';
  return parseTfjsModel(text, (shard) => openExternalFile(path, shard, trust), dirname(path));
}

/** Reads a TensorFlow.js model from the text of its model.json; `openShard` opens a weight file by its path in the manifest. */
export function parseTfjsModel(text: string, openShard: (path: string) => ByteSource, name = 'model.json'): Model {
  const json = parseJsonObject(text, name);
  const topology = asObject(property(json, 'modelTopology'), 'modelTopology');
  const weights = readWeights(property(json, 'weightsManifest') ?? [], openShard);
  try {
    const emitter = convert(json, topology, weights);
    return new Model({
      irVersion: IR_VERSION,
      opsets: new Map([['', OPSET]]),
      graph: emitter.graph,
      warnings: storageWarnings(weights),
    });
  } catch (error) {
    weights.close();
    throw error;
  }
}

/** A graph model has nodes, a layers model the configuration of Keras; `format` is missing from old files. */
function convert(json: JsonObject, topology: JsonObject, weights: Weights): Emitter {
  if (Array.isArray(property(topology, 'node'))) return convertGraphModel(json, topology, weights);
  return convertLayersModel(topology, weights.tensors);
}

function storageWarnings({ storage }: Weights): string[] {
  return [...storage].map(
    ([dtype, count]) => `${count} weights stored as ${dtype} are read as TF.js reads them, in full width`,
  );
}
