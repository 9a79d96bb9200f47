import type { Tensor } from '../../ir/tensor.js';
import type { Emitter } from '../emitter.js';
import {
  asArray,
  asBoolean,
  asInteger,
  asNumber,
  asObject,
  asString,
  describe,
  type JsonObject,
  optional,
  property,
} from '../json.js';
import { channelsFirstOperand, type Operand, plainOperand } from '../operand.js';
import type { Padding, Window } from '../window.js';
import type { LayerWeights } from './layer-weights.js';

/** What a converter sees of its layer: configuration, weights and where to write. */
export class Layer {
  constructor(
    readonly e: Emitter,
    readonly className: string,
    readonly name: string,
    readonly config: JsonObject,
    private readonly weights: LayerWeights,
  ) {}

  /** The layer held by a wrapper (`TimeDistributed`, `Bidirectional`), under the wrapper's weights. */
  inner(config: JsonObject, name: string): Layer {
    const className = asString(property(config, 'class_name'), 'class_name');
    return new Layer(this.e, className, name, asObject(property(config, 'config'), 'config'), this.weights);
  }

  error(what: string, expected: string, received: unknown): Error {
    return this.e.error(`${this.className} ${what}`, expected, received);
  }

  string<F>(key: string, fallback: F): string | F {
    return optional(this.config, key, asString, fallback);
  }

  int<F>(key: string, fallback: F): number | F {
    return optional(this.config, key, asInteger, fallback);
  }

  number<F>(key: string, fallback: F): number | F {
    return optional(this.config, key, asNumber, fallback);
  }

  bool(key: string, fallback: boolean): boolean {
    return optional(this.config, key, asBoolean, fallback);
  }

  /** An integer or a list of integers, as a list of `count`. */
  ints(key: string, count: number, fallback?: readonly number[]): readonly number[] {
    const value = property(this.config, key) ?? fallback;
    if (value === undefined || value === null) throw this.error(key, `${count} integers`, 'nothing');
    const list = Array.isArray(value) ? value.map((item) => asInteger(item, key)) : [asInteger(value, key)];
    const whole = list.length === 1 && count > 1 ? Array.from({ length: count }, () => list[0]!) : list;
    if (whole.length !== count) throw this.error(key, `${count} integers`, describe(value));
    return whole;
  }

  /** The name of an activation: a string, or the class name of an object. */
  activation(key = 'activation'): string {
    const value = property(this.config, key) ?? 'linear';
    if (typeof value === 'string') return value;
    return asString(property(asObject(value, key), 'class_name'), key);
  }

  /** 'same' or 'valid'; throws for 'causal', which TF.js itself does not compute. */
  padding(): Padding {
    const padding = this.string('padding', 'valid');
    if (padding === 'same' || padding === 'valid') return padding;
    throw this.error('padding', 'same or valid', JSON.stringify(padding));
  }

  /** True for layers that have images channels first. */
  get isChannelsFirst(): boolean {
    const format = this.string('data_format', 'channels_last');
    if (format === 'channels_first' || format === 'channels_last') return format === 'channels_first';
    throw this.error('data_format', 'channels_last or channels_first', JSON.stringify(format));
  }

  /** Throws for layers that have images channels first. */
  requireChannelsLast(): void {
    const format = this.string('data_format', 'channels_last');
    if (format !== 'channels_last') throw this.error('data_format', 'channels_last', JSON.stringify(format));
  }

  /** A pooling window of `rank` axes. */
  pool(rank: number): Window {
    const kernel = this.ints('pool_size', rank, [2]);
    const strides = property(this.config, 'strides') ? this.ints('strides', rank) : kernel;
    return { kernel, strides, dilations: kernel.map(() => 1), padding: this.padding() };
  }

  /** Nested lists of integers, e.g. padding [[1, 1], [0, 2]]; one integer or pair stands for all axes. */
  pairs(key: string, count: number): readonly (readonly [number, number])[] {
    const value = property(this.config, key);
    const asPair = (item: unknown): readonly [number, number] => {
      if (!Array.isArray(item)) return [asInteger(item, key), asInteger(item, key)];
      const [begin, end] = asArray(item, key);
      return [asInteger(begin, key), asInteger(end, key)];
    };
    if (!Array.isArray(value)) return Array.from({ length: count }, () => asPair(value));
    if (value.length !== count) throw this.error(key, `${count} pairs`, describe(value));
    return value.map(asPair);
  }

  tensor(name: string): Tensor {
    return this.weights.get(this.name, name, this.className);
  }

  /** True where the manifest has weights under the name of `layer`. */
  hasAny(layer: string): boolean {
    return this.weights.hasLayer(layer);
  }

  /** A weight as an initializer `<layer>/<name>`. */
  weight(name: string): Operand {
    return plainOperand(this.e.weight(`${this.name}/${name}`, this.tensor(name)));
  }

  /** The bias as an initializer, unless the layer has none. */
  bias(): Operand | undefined {
    return this.bool('use_bias', true) ? this.weight('bias') : undefined;
  }
}

/** How a layer class is written. `inputs` are the results of the layers before it. */
export interface LayerConverter {
  readonly classes: readonly string[];
  convert(layer: Layer, inputs: readonly Operand[]): Operand;
}

/** Makes a converter for one layer class, or for several that behave alike. */
export function defineLayer(
  classes: string | readonly string[],
  convert: (layer: Layer, inputs: readonly Operand[]) => Operand,
): LayerConverter {
  return { classes: typeof classes === 'string' ? [classes] : classes, convert };
}

/**
 * A converter for layers on images that may be channels first: then `convert` sees inputs and gives its result as if they were channels
 * last, of which theirs is the other form.
 */
export function defineImageLayer(
  classes: string | readonly string[],
  convert: LayerConverter['convert'],
): LayerConverter {
  return defineLayer(classes, (layer, inputs) => {
    if (!layer.isChannelsFirst) return convert(layer, inputs);
    const { e } = layer;
    const y = convert(
      layer,
      inputs.map((x) => seenChannelsLast(e, x)),
    );
    return e.rankOf(y) < 3 ? y : plainOperand(e.channelsFirst(y));
  });
}

/** A tensor whose axis 1 is the channels, as an operand that is channels last. */
export function seenChannelsLast(e: Emitter, x: Operand): Operand {
  return channelsFirstOperand(e.plain(x));
}

/** The only input of a layer that has one. */
export function only(layer: Layer, inputs: readonly Operand[]): Operand {
  const [x] = inputs;
  if (!x || inputs.length !== 1) throw layer.error('inputs', 'one', inputs.length);
  return x;
}
