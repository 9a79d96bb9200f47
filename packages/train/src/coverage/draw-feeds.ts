import { type DType, isFloat, type Model, Tensor } from '@gossamer/graph';
import { fillUniform, streamOf } from '../data/counter-random.js';
import type { TrainingForm } from '../form/training-form.js';
import { SAMPLE_WEIGHTS } from '../step/build-training-graph.js';
import type { CoverageCase } from './coverage-case.js';

type Feeds = Record<string, Tensor>;

/** Everything that a training graph reads: parameters and statistics as they begin, data and targets at random (seed 1). */
export function drawFeeds(model: Model, form: TrainingForm, options: CoverageCase): Feeds {
  const initial = new Map([...form.parameters, ...form.running].map((item) => [item.name, item.initial]));
  const random = new Set(form.random.map(({ name }) => name));
  const feeds: Feeds = {};
  for (const { name, type } of model.graph.inputs) {
    if (type?.kind !== 'tensor' || type.dtype === undefined) continue;
    const dims = type.shape as readonly number[];
    const fixed = name === SAMPLE_WEIGHTS ? 1 : options.fixed?.[name];
    feeds[name] =
      initial.get(name) ??
      (fixed !== undefined
        ? Tensor.fromNumbers(type.dtype, dims, new Array<number>(sizeOf(dims)).fill(fixed))
        : drawn(name, type.dtype, dims, random.has(name) ? undefined : options));
  }
  return feeds;
}

const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** Uniform numbers and integers as the options say; in [0, 1) without options. */
function drawn(name: string, dtype: DType, dims: readonly number[], options: CoverageCase | undefined): Tensor {
  const uniform = new Float32Array(sizeOf(dims));
  fillUniform(uniform, 1, streamOf(name), 0);
  if (!isFloat(dtype))
    return Tensor.fromNumbers(
      dtype,
      dims,
      [...uniform].map((x) => Math.floor(x * (options?.integers ?? 2))),
    );
  const { range = 1 } = options ?? {};
  return Tensor.of('float32', dims, options === undefined ? uniform : uniform.map((x) => range * (2 * x - 1)));
}

/** The parameters moved by `step` along `direction`, in double. */
export function movedFeeds(feeds: Feeds, direction: ReadonlyMap<string, Float64Array>, step: number): Feeds {
  const moved = { ...feeds };
  for (const [name, array] of direction) {
    const { dims } = feeds[name]!;
    moved[name] = Tensor.of(
      'float64',
      dims,
      feeds[name]!.toFloat64().map((x, i) => x + step * array[i]!),
    );
  }
  return moved;
}
