import { GossamerError, type Node, type Tensor, type WeightView } from '@gossamer/graph';
import { addGram, addGramAsync, mirrorUpper } from '@gossamer/kernels';
import type { RuntimeErrorCode } from '../error-codes.js';
import { hiddenReader, HiddenStates } from './hidden-states.js';
import { rowReader } from './input-rows.js';
import type { RowBlock, RowReader, RowRequest } from './row-reader.js';
import type { LayerInputs, LayerStep } from './layer-step.js';
import { type FloatArray, meantPart } from './meant-part.js';

/** Moments of the vectors x that the matrices of a weight multiply (rows and columns as toWeightMatrix has them). Arrays may be shared; not to be written. */
export interface InputMoments {
  /** Vectors seen by each matrix. */
  readonly count: number;
  /** How many there were: more than `count` where only some positions of a convolution were taken. */
  readonly available: number;
  /** Mean of x xᵀ a matrix, [columns, columns]; of stream 'quantized'. */
  readonly second: readonly Float64Array[];
  /** Mean of x a matrix, [columns]. */
  readonly mean: readonly Float64Array[];
  /** Mean of |x| a matrix, [columns]. */
  readonly meanAbs: readonly Float64Array[];
  /** Mean of x_float xᵀ a matrix: rows of stream 'float', columns of 'quantized'. */
  readonly cross?: readonly Float64Array[];
  /** Mean of x_float a matrix. */
  readonly floatMean?: readonly Float64Array[];
}

export interface MomentOptions {
  /** Also `cross` and `floatMean`; needs streams 'both'. Default false. */
  readonly cross?: boolean;
  /** Vectors of a convolution that will do. Default 50 a column, at least 4,096. */
  readonly positions?: number;
  /** Decides which. Default 0. */
  readonly seed?: number;
}

/** Vectors a column that estimate a second moment well enough: errors of its elements fall with the square root of their number. */
const VECTORS_PER_COLUMN = 50;
const MIN_VECTORS = 4096;

/** Products from which on a call is worth handing to the thread pool. */
const MIN_PARALLEL = 1e6;

/**
 * Goes through the step once and takes the moments of the inputs of `views`. For R of a recurrent layer the layer runs
 * once more, with the weights of stream 'quantized' as they are now: its vectors are the hidden states. Undefined for what multiplies no vectors: embeddings,
 * whose rows are looked up, and R of a GRU that resets the state before it multiplies it. Neither filled-up samples nor, where a layer has lengths, steps behind
 * the end of a sequence count. Elements of the second moments are off by at most 2^-16 of the mean magnitude of their products (see addGram), and
 * depend on batches by no more.
 */
export async function inputMoments(
  step: LayerStep,
  views: readonly WeightView[],
  options: MomentOptions = {},
): Promise<Map<WeightView, InputMoments | undefined>> {
  const sums = new Map<string, MomentSums>();
  const found = new Map<WeightView, MomentSums | undefined>();
  const states = new StateSums(step, options);
  for (const view of views) {
    if (view.role === 'recurrent') {
      found.set(view, states.of(view));
      continue;
    }
    const reader = rowReader(view);
    const nameOf = (slot: number | undefined) => (slot === undefined ? undefined : step.inputName(view.node, slot));
    const [name, lengths] = [nameOf(reader?.inputIndex), nameOf(reader?.lengthsIndex)];
    if (!reader || name === undefined || (reader.lengthsIndex !== undefined && lengths === undefined)) {
      found.set(view, undefined);
      continue;
    }
    const key = `${reader.key} ${name}`;
    const shared = sums.get(key) ?? new MomentSums(reader, name, lengths, step.samples, options);
    sums.set(key, shared);
    found.set(view, shared);
  }
  if ([...found.values()].every((sum) => sum === undefined)) return new Map(views.map((view) => [view, undefined]));
  try {
    for await (const inputs of step.batches()) {
      for (const sum of sums.values()) await sum.add(inputs);
      await states.add(inputs);
    }
  } finally {
    await states.dispose();
  }
  return new Map(views.map((view) => [view, found.get(view)?.result()]));
}

/** Moments of the hidden states of a step's recurrent layers. */
class StateSums {
  readonly #sums = new Map<Node, MomentSums>();
  readonly #states = new Map<string, HiddenStates>();

  constructor(
    private readonly step: LayerStep,
    private readonly options: MomentOptions,
  ) {}

  of(view: WeightView): MomentSums | undefined {
    if (!HiddenStates.isKnown(this.step, view.node)) return undefined;
    const sum = new MomentSums(hiddenReader(view, view.node.id), STATES, undefined, this.step.samples, this.options);
    this.#sums.set(view.node, sum);
    return sum;
  }

  async add(inputs: LayerInputs): Promise<void> {
    for (const [node, sum] of this.#sums) {
      const quantized = { [STATES]: await this.#run(node, 'quantized', inputs) };
      const isCross = this.options.cross && inputs.float;
      const float = isCross ? { [STATES]: await this.#run(node, 'float', inputs) } : undefined;
      // The states of sequences that only fill a batch up are left out already.
      await sum.add({ ...inputs, rows: undefined, quantized, float });
    }
  }

  async #run(node: Node, stream: 'quantized' | 'float', inputs: LayerInputs): Promise<Tensor> {
    const key = `${stream} ${node.id}`;
    const states = this.#states.get(key) ?? (await HiddenStates.open(this.step, node, stream));
    this.#states.set(key, states);
    return states.of(inputs);
  }

  async dispose(): Promise<void> {
    for (const states of this.#states.values()) await states.dispose();
  }
}

/** Under which name states stand in the inputs that are made of them. */
const STATES = 'states';

interface Sums {
  readonly second: Float64Array[];
  readonly mean: Float64Array[];
  /** Of the own stream only. */
  readonly meanAbs: Float64Array[];
}

class MomentSums {
  readonly #own: Sums;
  /** Sums with the float stream, where that differs. */
  #cross: Sums | undefined;
  readonly #limit: number;
  readonly #seed: number;
  /** Vectors of all groups. */
  #count = 0;
  #available = 0;
  #result: InputMoments | undefined;

  constructor(
    private readonly reader: RowReader,
    private readonly name: string,
    private readonly lengths: string | undefined,
    private readonly samples: number,
    private readonly options: MomentOptions,
  ) {
    const { positions, seed = 0 } = options;
    this.#own = this.#sums();
    this.#limit = positions ?? Math.max(MIN_VECTORS, VECTORS_PER_COLUMN * reader.columns);
    this.#seed = seed;
  }

  async add(inputs: LayerInputs): Promise<void> {
    const { reader, name } = this;
    const input = meantPart(inputs.quantized[name]!, inputs);
    const [images = 1] = input.dims;
    const ofEach = reader.positions?.(input);
    // This run's part of the vectors wanted, shared out evenly among its images.
    const share = (this.#limit * inputs.count) / this.samples / images;
    const request = {
      first: Math.round((inputs.first * images) / inputs.count),
      perImage: Math.max(1, Math.ceil(share)),
      seed: this.#seed,
      lengths: this.lengths === undefined ? undefined : inputs.quantized[this.lengths]!.toIntegers(),
    };
    const float = this.#floatBlocks(inputs, input, request);
    let taken = 0;
    // The next block is gathered while the last one is summed.
    let pending: Promise<unknown> = Promise.resolve();
    for (const block of reader.read(input, request)) {
      const other = float?.next().value as RowBlock | undefined;
      await pending;
      const own = addBlock(this.#own, block, undefined, reader.columns);
      pending = other ? own.then(() => addBlock(this.#cross!, other, block, reader.columns)) : own;
      taken += block.rows;
    }
    await pending;
    this.#count += taken;
    this.#available += ofEach === undefined ? taken : ofEach * images * reader.groups;
  }

  /** The means; the sums themselves are turned into them. */
  result(): InputMoments {
    return (this.#result ??= this.#finish());
  }

  #finish(): InputMoments {
    const { groups, matrices, columns } = this.reader;
    const count = this.#count / groups;
    const divisor = Math.max(1, count);
    const shared = (sums: readonly Float64Array[]) =>
      groups === matrices ? sums : Array.from({ length: matrices }, () => sums[0]!);
    const means = (sums: readonly Float64Array[]) => {
      for (const sum of sums) for (let i = 0; i < sum.length; i++) sum[i]! /= divisor;
      return shared(sums);
    };
    for (const sums of this.#own.second) {
      for (let i = 0; i < columns; i++) for (let j = i; j < columns; j++) sums[i * columns + j]! /= divisor;
      mirrorUpper(sums, columns);
    }
    const own = {
      ...{ count, available: this.#available / groups },
      ...{ second: shared(this.#own.second), mean: means(this.#own.mean), meanAbs: means(this.#own.meanAbs) },
    };
    if (!this.options.cross) return own;
    const cross = this.#cross;
    if (!cross) return { ...own, cross: own.second, floatMean: own.mean };
    return { ...own, cross: means(cross.second), floatMean: means(cross.mean) };
  }

  /** The vectors of stream 'float' at the same places; undefined where they are not wanted, or equal. */
  #floatBlocks(inputs: LayerInputs, like: FloatArray, request: RowRequest): Iterator<RowBlock> | undefined {
    if (!this.options.cross) return undefined;
    const { name } = this;
    const tensor = inputs.float?.[name];
    if (!tensor) {
      const text = "cross: expected a walk with streams 'both', received one with 'quantized'";
      throw new GossamerError<RuntimeErrorCode>('ERR_OPTION', text);
    }
    // What is equal in both streams is one tensor, in all runs.
    if (tensor === inputs.quantized[name]) return undefined;
    const input = meantPart(tensor, inputs);
    if (input.dims.join() !== like.dims.join()) {
      const text = `${name}: expected [${input.dims.join()}] as in the float model, received [${like.dims.join()}]`;
      throw new GossamerError<RuntimeErrorCode>('ERR_LAYERWISE', text);
    }
    this.#cross ??= this.#sums();
    return this.reader.read(input, request)[Symbol.iterator]();
  }

  #sums(): Sums {
    const { groups, columns } = this.reader;
    const arrays = (length: number) => Array.from({ length: groups }, () => new Float64Array(length));
    return { second: arrays(columns * columns), mean: arrays(columns), meanAbs: arrays(columns) };
  }
}

/** Adds a block's sum and its products with `other` at the same places, or with itself: then only to the upper triangle. */
async function addBlock(
  { second, mean, meanAbs }: Sums,
  { group, rows, data }: RowBlock,
  other: RowBlock | undefined,
  columns: number,
): Promise<void> {
  if (rows === 0) return;
  const vectors = { x: data, ...(other ? { y: other.data } : {}), columns };
  const isSmall = rows * columns * columns < MIN_PARALLEL;
  const products = isSmall ? addGram(vectors, second[group]!) : addGramAsync(vectors, second[group]!);
  // While the pool multiplies.
  const [sums, sizes] = [mean[group]!, meanAbs[group]!];
  for (let i = 0; i < data.length;) {
    for (let j = 0; j < columns; j++) {
      const x = data[i++]!;
      sums[j]! += x;
      sizes[j]! += x < 0 ? -x : x;
    }
  }
  await products;
}
