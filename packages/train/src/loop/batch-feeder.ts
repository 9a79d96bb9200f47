import { type DType, GossamerError, Tensor } from '@gossamer/graph';
import { fillUniform, streamOf } from '../data/counter-random.js';
import type { Dataset, Numbers } from '../data/dataset.js';
import type { TrainErrorCode } from '../error-codes.js';
import type { RandomInput } from '../form/training-form.js';
import { SAMPLE_WEIGHTS } from '../step/build-training-graph.js';

/** What a graph reads of a batch: its first axis is that of the samples. */
export interface FedArray {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Its integers lie in [0, below). Default: any. */
  readonly below?: number;
}

/** The arrays of one batch, by name, before they are fed: an augmentation changes them in place. */
export type BatchArrays = Readonly<Record<string, Numbers>>;

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Reads batches of a dataset into arrays that are used again and again, and shows them to an engine. */
export class BatchFeeder {
  readonly arrays: BatchArrays;
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Those that the dataset has; the others are computed from them. */
  readonly #read: BatchArrays;
  readonly #bounded: readonly FedArray[];
  readonly #weights: Float32Array;
  readonly #random: readonly { readonly stream: number; readonly data: Float32Array }[];

  /** `companions`: arrays that somebody else fills in. Throws ERR_TRAIN_DATA where the dataset lacks an array, or has another type or shape of it. */
  constructor(
    private readonly dataset: Dataset,
    fed: readonly FedArray[],
    random: readonly RandomInput[],
    batch: number,
    companions: readonly string[] = [],
  ) {
    const own = fed.filter(({ name }) => !companions.includes(name));
    for (const array of own) requireArray(dataset, array);
    this.arrays = Object.fromEntries(fed.map(({ name, dtype, shape }) => [name, newArray(dtype, count(shape))]));
    this.#read = Object.fromEntries(own.map(({ name }) => [name, this.arrays[name]!]));
    this.#bounded = own.filter(({ below }) => below !== undefined);
    this.#weights = new Float32Array(batch);
    this.#random = random.map(({ name, shape }) => ({ stream: streamOf(name), data: new Float32Array(count(shape)) }));
    this.feeds = {
      ...Object.fromEntries(fed.map(({ name, dtype, shape }) => [name, Tensor.of(dtype, shape, this.arrays[name]!)])),
      ...Object.fromEntries(
        random.map(({ name, shape }, i) => [name, Tensor.of('float32', shape, this.#random[i]!.data)]),
      ),
      [SAMPLE_WEIGHTS]: Tensor.of('float32', [batch], this.#weights),
    };
  }

  /** Reads samples `indices`; those from `valid` on weigh 0. Throws ERR_TRAIN_DATA for integers that are out of their range. */
  read(indices: Uint32Array, valid: number): void {
    this.dataset.read(indices, this.#read);
    for (const array of this.#bounded) requireRange(array, this.arrays[array.name]!);
    this.#weights.fill(1, 0, valid);
    this.#weights.fill(0, valid);
  }

  /** New random numbers: those of `seed` and `step`. */
  draw(seed: number, step: number): void {
    for (const { stream, data } of this.#random) fillUniform(data, seed, stream, step);
  }
}

function requireRange({ name, below }: FedArray, numbers: Numbers): void {
  for (const number of numbers) {
    if (number >= 0 && number < below!) continue;
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_DATA',
      `data ${name}: expected integers in [0, ${below}), received ${number}`,
    );
  }
}

function requireArray({ arrays }: Dataset, { name, dtype, shape }: FedArray): void {
  const found = arrays.get(name);
  const expected = `${dtype} [${['n', ...shape.slice(1)].join()}]`;
  if (found && found.dtype === dtype && found.shape.join() === shape.slice(1).join()) return;
  const received = found ? `${found.dtype} [${['n', ...found.shape].join()}]` : `only ${[...arrays.keys()].join(', ')}`;
  throw new GossamerError<TrainErrorCode>('ERR_TRAIN_DATA', `data ${name}: expected ${expected}, received ${received}`);
}

/** True for the element types that batches have arrays of. */
export const isReadable = (dtype: DType): boolean => dtype in ARRAYS;

/** Throws ERR_TRAIN_DATA for an element type that is not readable. */
export function newArray(dtype: DType, length: number): Numbers {
  if (isReadable(dtype)) return new ARRAYS[dtype as keyof typeof ARRAYS](length);
  throw new GossamerError<TrainErrorCode>(
    'ERR_TRAIN_DATA',
    `data: expected arrays of ${Object.keys(ARRAYS).join(', ')}, received ${dtype}`,
  );
}

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
