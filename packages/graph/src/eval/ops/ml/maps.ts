import type { EvalMap, EvalSequence, EvalTensor } from '../../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../../kernel.js';
import { featuresOf, integersAttribute, requireLength } from './features.js';

const domain = 'ai.onnx.ml';

/** Numbers from here on are written with all their digits by `toFixed` no longer. */
const LONG = 1e21;

/** Input 0 as a map; ERR_EVAL_INPUT for anything else. */
function mapInput(call: KernelCall): EvalMap {
  const value = call.value(0);
  if (value.kind !== 'map') call.fail('ERR_EVAL_INPUT', 'input 0', 'a map', value.kind);
  return value;
}

/** A map for each row: the labels with the row's scores. */
function zipMap(call: KernelCall): EvalSequence {
  const x = featuresOf(call);
  const names = call.node.strings('classlabels_strings', []);
  const keys = names.length > 0 ? names : (integersAttribute(call, 'classlabels_int64s') ?? []);
  requireLength(call, 'classlabels', keys.length, x.width);
  call.charge(x.rows * x.width);
  const items = Array.from({ length: x.rows }, (_, row): EvalMap => {
    const scores = keys.map((key, i) => [key, call.result('float32', [], [x.data[row * x.width + i]!])] as const);
    return { kind: 'map', key: names.length > 0 ? 'string' : 'int64', entries: new Map(scores) };
  });
  return { kind: 'sequence', items };
}

/** The map's values at the places of their keys in the vocabulary, 0 (or '') elsewhere; a key outside is an error. */
function vectorizeMap(call: KernelCall): EvalTensor {
  const map = mapInput(call);
  const words = call.node.strings('string_vocabulary', []);
  const vocabulary = words.length > 0 ? words : (integersAttribute(call, 'int64_vocabulary') ?? []);
  const places = new Map<string | bigint, number>(vocabulary.map((key, i) => [key, i]));
  const [first] = map.entries.values();
  const target = call.allocate(first?.dtype ?? declaredDType(call), [vocabulary.length]);
  const data = target.data as unknown as Record<number, unknown>;
  for (const [key, value] of map.entries) {
    const place = places.get(key);
    if (place === undefined) call.fail('ERR_EVAL_VALUE', 'input 0', 'keys of the vocabulary', String(key));
    data[place] = value.data[0];
  }
  return target;
}

/** The dtype of the values of a map without any, from its type in the model. */
function declaredDType(call: KernelCall): EvalTensor['dtype'] {
  const type = call.node.inputs[0]?.type;
  const value = type?.kind === 'map' ? type.value : undefined;
  return (value?.kind === 'tensor' && value.dtype) || 'float32';
}

/** A float as C's `%f` writes it: six digits after the point. */
function fixed(x: number): string {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  return Math.abs(x) < LONG ? x.toFixed(6) : `${BigInt(x)}.000000`;
}

/** What one value of the map becomes, and what stands where a sparse map has none ('0.f' for strings, as in ONNX Runtime). */
interface MapCast {
  readonly dtype: EvalTensor['dtype'];
  readonly pad: number | bigint | string;
  readonly cast: (value: number | string) => number | bigint | string;
}

function castOf(call: KernelCall): MapCast {
  const to = call.node.string('cast_to', 'TO_FLOAT');
  const number = (value: number | string) => {
    const parsed = typeof value === 'number' ? value : value.trim() === '' ? NaN : Number(value);
    if (typeof value === 'string' && Number.isNaN(parsed)) {
      call.fail('ERR_EVAL_VALUE', 'input 0', 'strings that are numbers', value);
    }
    return parsed;
  };
  const integer = (value: number | string) => {
    const whole = Math.trunc(number(value));
    if (!Number.isFinite(whole)) call.fail('ERR_EVAL_VALUE', 'input 0', 'finite numbers', String(value));
    return BigInt.asIntN(64, BigInt(whole));
  };
  switch (to) {
    case 'TO_FLOAT':
      return { dtype: 'float32', pad: 0, cast: number };
    case 'TO_INT64':
      return { dtype: 'int64', pad: 0n, cast: integer };
    case 'TO_STRING':
      return { dtype: 'string', pad: '0.f', cast: (value) => (typeof value === 'string' ? value : fixed(value)) };
    default:
      return call.fail('ERR_EVAL_OP', 'cast_to', 'TO_FLOAT, TO_STRING or TO_INT64', to);
  }
}

/** One row of the map's values by ascending key, or (SPARSE) with each at the place of its key. */
function castMap(call: KernelCall): EvalTensor {
  const map = mapInput(call);
  if (map.key !== 'int64') call.fail('ERR_EVAL_INPUT', 'input 0', 'keys of int64', map.key);
  const { dtype, pad, cast } = castOf(call);
  const entries = [...map.entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const isSparse = call.node.string('map_form', 'DENSE') === 'SPARSE';
  const width = isSparse ? call.node.int('max_map', 1) : entries.length;
  if (width < 0) call.fail('ERR_EVAL_VALUE', 'max_map', 'a length >= 0', String(width));
  const target = call.allocate(dtype, [1, width]);
  const data = target.data as unknown as Record<number, number | bigint | string>;
  if (isSparse) for (let i = 0; i < width; i++) data[i] = pad;
  entries.forEach(([key, value], i) => {
    const place = isSparse ? Number(key) : i;
    if (!(place >= 0 && place < width)) call.fail('ERR_EVAL_VALUE', 'key', `a key in [0, ${width})`, String(key));
    data[place] = cast(value.data[0] as number | string);
  });
  return target;
}

/** Operators over maps. */
export const mapOperators: readonly Kernel[] = [
  defineKernel({ op: 'ZipMap', domain, run: (call) => [zipMap(call)] }),
  defineKernel({ op: 'DictVectorizer', domain, run: (call) => [vectorizeMap(call)] }),
  defineKernel({ op: 'CastMap', domain, run: (call) => [castMap(call)] }),
];
