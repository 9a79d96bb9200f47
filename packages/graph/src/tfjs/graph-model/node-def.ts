import type { DType } from '../../dtype.js';
import { tfjsError } from '../error-codes.js';
import {
  asArray,
  asBoolean,
  asInteger,
  asNumber,
  asObject,
  asString,
  describe,
  type JsonObject,
  property,
} from '../json.js';

/** A result of a node: its name and which of its outputs. */
export interface OutputRef {
  readonly node: string;
  readonly output: number;
}

/** DataType of TensorFlow by number and name, as TF.js computes with it: all integers are int32, all floats float32. */
const DTYPES: readonly (readonly [number, string, DType])[] = [
  [1, 'DT_FLOAT', 'float32'],
  [2, 'DT_DOUBLE', 'float32'],
  [3, 'DT_INT32', 'int32'],
  [4, 'DT_UINT8', 'int32'],
  [5, 'DT_INT16', 'int32'],
  [6, 'DT_INT8', 'int32'],
  [7, 'DT_STRING', 'string'],
  [9, 'DT_INT64', 'int32'],
  [10, 'DT_BOOL', 'bool'],
  [19, 'DT_HALF', 'float32'],
];

/** A NodeDef of a TensorFlow graph, in protobuf's JSON form. */
export class NodeDef {
  readonly name: string;
  readonly op: string;
  /** Data inputs; control inputs (`^name`) order side effects, of which a model here has none. */
  readonly inputs: readonly OutputRef[];
  readonly #attributes: JsonObject;

  constructor(value: unknown) {
    const fields = asObject(value, 'node');
    this.name = asString(property(fields, 'name'), 'node name');
    this.op = asString(property(fields, 'op'), `op of ${this.name}`);
    const inputs = asArray(property(fields, 'input') ?? [], `inputs of ${this.name}`);
    this.inputs = inputs
      .map((input) => asString(input, 'input'))
      .filter((input) => !input.startsWith('^'))
      .map(parseRef);
    this.#attributes = asObject(property(fields, 'attr') ?? {}, `attributes of ${this.name}`);
  }

  bool(name: string, fallback: boolean): boolean {
    return this.#field(name, 'b', asBoolean, fallback);
  }

  int<F>(name: string, fallback: F): number | F {
    return this.#field(name, 'i', asInteger, fallback);
  }

  float<F>(name: string, fallback: F): number | F {
    return this.#field(name, 'f', asNumber, fallback);
  }

  string<F>(name: string, fallback: F): string | F {
    return this.#field(name, 's', decodeText, fallback);
  }

  dtype<F>(name: string, fallback: F): DType | F {
    return this.#field(name, 'type', decodeDType, fallback);
  }

  ints(name: string): readonly number[] {
    return this.#list(name, 'i').map((item) => asInteger(item, name));
  }

  strings(name: string): readonly string[] {
    return this.#list(name, 's').map((item) => decodeText(item, name));
  }

  /** Dims of a shape attribute, -1 where unknown; undefined for an unknown rank. */
  shape(name: string): readonly number[] | undefined {
    const value = this.#value(name);
    if (!value) return undefined;
    const shape = asObject(property(value, 'shape') ?? {}, name);
    if (property(shape, 'unknownRank') === true || property(shape, 'unknown_rank') === true) return undefined;
    const dims = asArray(property(shape, 'dim') ?? [], name);
    // protobuf's JSON leaves a size of 0 out.
    return dims.map((dim) => asInteger(property(asObject(dim, name), 'size') ?? 0, `${name} of ${this.name}`));
  }

  #value(name: string): JsonObject | undefined {
    const value = property(this.#attributes, name);
    return value === undefined || value === null ? undefined : asObject(value, `${name} of ${this.name}`);
  }

  #field<T, F>(name: string, key: string, read: (value: unknown, what: string) => T, fallback: F): T | F {
    const value = this.#value(name);
    const field = value && property(value, key);
    return field === undefined || field === null ? fallback : read(field, `${name} of ${this.name}`);
  }

  #list(name: string, key: string): readonly unknown[] {
    const value = this.#value(name);
    const list = value && property(value, 'list');
    const items = list === undefined || list === null ? undefined : property(asObject(list, name), key);
    return items === undefined || items === null ? [] : asArray(items, `${name} of ${this.name}`);
  }
}

/** `name`, `name:1`. */
export function parseRef(text: string): OutputRef {
  const match = /^(.*):(\d{1,6})$/.exec(text);
  return match ? { node: match[1]!, output: Number(match[2]) } : { node: text, output: 0 };
}

/** A bytes field: base64 text, or the list of its bytes in old files. */
function decodeText(value: unknown, what: string): string {
  if (Array.isArray(value)) return Buffer.from(value.map((byte) => asInteger(byte, what))).toString('utf8');
  return Buffer.from(asString(value, what), 'base64').toString('utf8');
}

function decodeDType(value: unknown, what: string): DType {
  const found = DTYPES.find(([code, name]) => value === code || value === name || value === String(code));
  if (found) return found[2];
  throw tfjsError('ERR_TFJS_MODEL', `${what}: expected a data type that TF.js knows, received ${describe(value)}`);
}
