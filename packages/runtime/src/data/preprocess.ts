import { GossamerError } from '@gossamer/graph';
import { readFile } from 'node:fs/promises';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { PortSpec } from '../session/port-spec.js';

/** Resampling of a resize, by the name users of image libraries know. */
export type Interpolation = 'nearest' | 'bilinear' | 'bicubic' | 'lanczos';

/** How a picture becomes a tensor: resize, then crop, then (value * scale - mean) / std. */
export interface Preprocess {
  /** [height, width] exactly, or the length of the shorter side (aspect kept). Default: the input's size. */
  readonly resize?: readonly [number, number] | number;
  /** Centre crop to [height, width]; a number is a square. Default: none. */
  readonly crop?: readonly [number, number] | number;
  /** Default bilinear. */
  readonly interpolation?: Interpolation;
  /** Multiplies the 0..255 values. Default 1/255; 1 for an input of bytes. */
  readonly scale?: number;
  /** One value, or one for each channel, in the tensor's channel order. Default 0. */
  readonly mean?: readonly number[];
  /** Default 1. */
  readonly std?: readonly number[];
  /** Default: the side on which the input has 1 or 3 channels, else NCHW. */
  readonly layout?: 'NCHW' | 'NHWC';
  /** Default RGB, or GRAY for an input with one channel. */
  readonly colors?: 'RGB' | 'BGR' | 'GRAY';
}

/** A Preprocess with nothing left open. */
export interface ResolvedPreprocess {
  readonly resize: readonly [number, number] | number | undefined;
  readonly crop: readonly [number, number] | undefined;
  readonly interpolation: Interpolation;
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly layout: 'NCHW' | 'NHWC';
  readonly colors: 'RGB' | 'BGR' | 'GRAY';
}

const MAX_SIDE = 16_384;

function refuse(field: string, expected: string, received: unknown): GossamerError<RuntimeErrorCode> {
  const text = `preprocess.${field}: expected ${expected}, received ${JSON.stringify(received)}`;
  return new GossamerError('ERR_PREPROCESS', text);
}

const isSide = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_SIDE;
const isPair = (value: unknown): value is readonly [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every(isSide);
const isSize = (value: unknown) => isSide(value) || isPair(value);
const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
const isChannels = (value: unknown) => Array.isArray(value) && [1, 3].includes(value.length) && value.every(isNumber);
const oneOf =
  (...names: string[]) =>
  (value: unknown) =>
    typeof value === 'string' && names.includes(value);

const FIELDS: Readonly<Record<keyof Preprocess, readonly [string, (value: unknown) => boolean]>> = {
  resize: [`a side or [height, width], integers in [1, ${MAX_SIDE}]`, isSize],
  crop: [`a side or [height, width], integers in [1, ${MAX_SIDE}]`, isSize],
  interpolation: ['nearest, bilinear, bicubic or lanczos', oneOf('nearest', 'bilinear', 'bicubic', 'lanczos')],
  scale: ['a finite number', isNumber],
  mean: ['1 or 3 finite numbers', isChannels],
  std: ['1 or 3 finite numbers > 0', (value) => isChannels(value) && (value as number[]).every((number) => number > 0)],
  layout: ['NCHW or NHWC', oneOf('NCHW', 'NHWC')],
  colors: ['RGB, BGR or GRAY', oneOf('RGB', 'BGR', 'GRAY')],
};

/** Reads preprocessing from an object, or from the JSON file that a string names. Throws ERR_PREPROCESS, naming the field. */
export async function readPreprocess(source: unknown): Promise<Preprocess> {
  const document = typeof source === 'string' ? await readJson(source) : (source ?? {});
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_PREPROCESS',
      'preprocess: expected an object, received something else',
    );
  }
  for (const [field, value] of Object.entries(document)) {
    const rule = Object.hasOwn(FIELDS, field) ? FIELDS[field as keyof Preprocess] : undefined;
    if (!rule) throw refuse(field, `one of ${Object.keys(FIELDS).join(', ')}`, field);
    if (!rule[1](value)) throw refuse(field, rule[0], value);
  }
  return document as Preprocess;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const text = `preprocess ${path}: expected a JSON file, received ${(cause as Error).message}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_PREPROCESS', text, { cause });
  }
}

/** Fills in what the model's input decides. Throws ERR_PREPROCESS when the result would not fit it. */
export function resolvePreprocess(preprocess: Preprocess, input: PortSpec): ResolvedPreprocess {
  const shape = input.shape ?? [undefined, undefined, undefined, undefined];
  if (shape.length !== 4) throw refuse('layout', 'a model input of 4 axes', input.shape);
  const isChannel = (dim: unknown) => dim === 1 || dim === 3;
  const layout = preprocess.layout ?? (!isChannel(shape[1]) && isChannel(shape[3]) ? 'NHWC' : 'NCHW');
  const [channels, height, width] = layout === 'NCHW' ? shape.slice(1) : [shape[3], shape[1], shape[2]];
  const colors = preprocess.colors ?? (channels === 1 ? 'GRAY' : 'RGB');
  const count = colors === 'GRAY' ? 1 : 3;
  if (typeof channels === 'number' && channels !== count) throw refuse('colors', `${channels} channels`, colors);
  const own = typeof height === 'number' && typeof width === 'number' ? ([height, width] as const) : undefined;
  const { crop } = preprocess;
  const cropped = crop === undefined ? undefined : typeof crop === 'number' ? ([crop, crop] as const) : crop;
  const final = cropped ?? (typeof preprocess.resize === 'object' ? preprocess.resize : undefined);
  if (own && final && (final[0] !== own[0] || final[1] !== own[1])) {
    throw refuse(cropped ? 'crop' : 'resize', `the input's size ${own.join(' x ')}`, final);
  }
  return {
    resize: preprocess.resize ?? (cropped ? undefined : own),
    crop: cropped ?? (typeof preprocess.resize === 'number' ? own : undefined),
    interpolation: preprocess.interpolation ?? 'bilinear',
    scale: preprocess.scale ?? (input.dtype === 'uint8' ? 1 : 1 / 255),
    mean: perChannel('mean', preprocess.mean ?? [0], count),
    std: perChannel('std', preprocess.std ?? [1], count),
    layout,
    colors,
  };
}

function perChannel(field: string, values: readonly number[], count: number): readonly number[] {
  if (values.length === count) return values;
  if (values.length !== 1) throw refuse(field, `${count} numbers`, values);
  return Array.from({ length: count }, () => values[0]!);
}
