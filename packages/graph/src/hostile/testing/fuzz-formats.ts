import { isGossamerError } from '../../errors.js';
import { checkGraph } from '../../ir/check.js';
import { parseModel, serializeModel } from '../../onnx/index.js';
import { parseSafetensors } from '../../safetensors/index.js';
import { parseTfjsModel } from '../../tfjs/index.js';
import { MemorySource } from '../../wire/memory-source.js';
import { onnxSchema } from '../../wire/index.js';
import { mutateJson } from './mutate-json.js';
import { mutateMessage } from './mutate-message.js';
import { mutations } from './mutate.js';
import { pick, type Random } from './random.js';

/** A kind of file that is fuzzed: what reads it, and what makes another of it that keeps most of its structure. */
export interface FuzzFormat {
  /** Reads everything there is; throws what the reader throws. */
  readonly read: (bytes: Uint8Array) => void;
  readonly mutate: (bytes: Uint8Array, seeds: readonly Uint8Array[], random: Random) => Uint8Array;
}

/** Bytes of an untrusted model: read, checked and written back. */
function readOnnx(bytes: Uint8Array): void {
  const model = parseModel(bytes, { trust: 'untrusted' });
  checkGraph(model.graph);
  for (const value of model.graph.initializers()) if (value.initializer?.dtype !== 'string') value.initializer?.bytes();
  const isSorted = !model.warnings.some((warning) => warning.includes('order'));
  if (isSorted && Buffer.compare(serializeModel(model), bytes) !== 0) {
    throw new Error('an unedited model was not written back byte for byte');
  }
}

/** One in four is changed in its bytes, whatever they mean. */
function orBytes(bytes: Uint8Array, seeds: readonly Uint8Array[], random: Random, by: () => Uint8Array | undefined) {
  const changed = random(4) === 0 ? undefined : by();
  return changed ?? mutations([bytes, ...seeds.slice(0, 4)], 1, random(2 ** 31)).next().value!;
}

/** The document with some places changed; undefined where it is none. */
function otherJson(text: string, random: Random): string | undefined {
  try {
    return JSON.stringify(mutateJson(JSON.parse(text), random));
  } catch {
    return undefined;
  }
}

/** A header that has changed, in front of the data that it told of, or some more or less. */
function otherSafetensors(bytes: Uint8Array, random: Random): Uint8Array | undefined {
  if (bytes.length < 8) return undefined;
  const length = Number(Buffer.from(bytes).readBigUInt64LE(0));
  if (length > bytes.length - 8) return undefined;
  const header = otherJson(Buffer.from(bytes.subarray(8, 8 + length)).toString('utf8'), random);
  if (header === undefined) return undefined;
  const text = Buffer.from(header + ' '.repeat(random(3)));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(text.length + (random(10) === 0 ? 1 : 0)));
  const data = Buffer.from(bytes.subarray(8 + length));
  return new Uint8Array(Buffer.concat([head, text, random(8) === 0 ? data.subarray(1) : data]));
}

/** The one shard of the seeds: numbers that shapes and axes may have, where they are read as integers. */
const TFJS_SHARD = new Uint8Array(Int32Array.of(-1, 4, 1, 0, 2, 3, 8, 5, 0, 0, 1, 1, 2, 2, -1, 7).buffer);

/** The formats that files of strangers come in. A TF.js model is its model.json; every shard it names is the same. */
export const FUZZ_FORMATS: Readonly<Record<string, FuzzFormat>> = {
  onnx: {
    read: readOnnx,
    mutate: (bytes, seeds, random) =>
      orBytes(bytes, seeds, random, () => mutateMessage(bytes, pick(seeds, random), onnxSchema.ModelProto, random)),
  },
  safetensors: {
    read: (bytes) => {
      for (const tensor of parseSafetensors(bytes).tensors.values()) tensor.bytes();
    },
    mutate: (bytes, seeds, random) => orBytes(bytes, seeds, random, () => otherSafetensors(bytes, random)),
  },
  tfjs: {
    read: (bytes) => {
      const text = new TextDecoder('utf-8', { fatal: false }).decode(bytes);
      const model = parseTfjsModel(text, () => new MemorySource(TFJS_SHARD));
      checkGraph(model.graph);
      for (const value of model.graph.initializers()) value.initializer?.bytes();
    },
    mutate: (bytes, seeds, random) =>
      orBytes(bytes, seeds, random, () => {
        const text = otherJson(Buffer.from(bytes).toString('utf8'), random);
        return text === undefined ? undefined : new Uint8Array(Buffer.from(text));
      }),
  },
};

/** 'read' or 'refused'; what is neither passes through: a mistake of ours. */
export function readOutcome(format: FuzzFormat, bytes: Uint8Array): 'read' | 'refused' {
  try {
    format.read(bytes);
    return 'read';
  } catch (error) {
    if (isGossamerError(error)) return 'refused';
    throw error;
  }
}
