import { GossamerError, inferTypes, type Model, Tensor, tensorType } from '@gossamer/graph';
import { castTensor, modelInputs, type PortSpec, Session } from '@gossamer/runtime';
import type { BatchArrays } from '@gossamer/train';
import type { DistillErrorCode } from '../error-codes.js';

export interface TeacherOptions {
  /** Default 'ort'. */
  readonly engine?: string;
  readonly threads?: number;
  /** Values that losses compare beside outputs: names of values inside the models. Default: none. */
  readonly values?: readonly string[];
  readonly signal?: AbortSignal;
}

/** One model or several that teach: frozen, run as they stand in their files. */
export class Teacher {
  private constructor(
    private readonly models: readonly Model[],
    private readonly sessions: readonly Session[],
    private readonly inputs: readonly PortSpec[],
    /** Names of what it can be asked for. */
    readonly names: readonly string[],
  ) {}

  /**
   * Opens one model, or an ensemble: of several models every value is the mean over them, of logits the geometric mean of the distributions (Hinton
   * et al. 2015, section 1). Throws ERR_DISTILL_TEACHER where there is none, a value is missing, or models of an ensemble have other inputs.
   */
  static async open(models: Model | readonly Model[], options: TeacherOptions = {}): Promise<Teacher> {
    const list = Array.isArray(models) ? (models as readonly Model[]) : [models as Model];
    const [first] = list;
    if (!first) throw teacherError('teacher: expected a model, received none');
    const { engine, threads, values = [], signal } = options;
    const exposed = list.map((model) => exposeValues(model, values));
    const inputs = modelInputs(first);
    const outputs = exposed[0]!.graph.outputs.map(({ name }) => name);
    for (const model of list) {
      const names = modelInputs(model).map(({ name }) => name);
      if (names.join() !== inputs.map(({ name }) => name).join()) {
        throw teacherError(
          `teacher: expected models with the inputs ${inputs.map(({ name }) => name).join(', ')}, received one with ${names.join(', ')}`,
        );
      }
    }
    for (const { graph } of exposed) {
      const missing = outputs.find((name) => !graph.outputs.some((value) => value.name === name));
      if (missing !== undefined) {
        throw teacherError(
          `teacher: expected models with the outputs ${outputs.join(', ')}, received one without ${missing}`,
        );
      }
    }
    const opening = {
      ...(engine === undefined ? {} : { engine }),
      ...(threads === undefined ? {} : { threads }),
      ...(signal ? { signal } : {}),
    };
    const sessions: Session[] = [];
    try {
      for (const model of exposed) sessions.push(await Session.open(model, opening));
    } catch (error) {
      await Promise.all(sessions.map((session) => session.dispose()));
      throw error;
    }
    return new Teacher(exposed, sessions, inputs, outputs);
  }

  /** Shape of value `name` for `batch` samples. Throws ERR_DISTILL_TEACHER where it is not known ahead. */
  shapeOf(name: string, batch: number): readonly number[] {
    const [model] = this.models;
    const value = model!.graph.value(name);
    if (!value || !this.names.includes(name)) {
      throw teacherError(`teacher: expected one of ${this.names.join(', ')}, received ${name}`);
    }
    const inputs = Object.fromEntries(
      this.inputs.flatMap(({ name: input, dtype, shape }) =>
        dtype && shape
          ? [
              [
                input,
                tensorType(dtype, [batch, ...shape.slice(1).map((dim) => (typeof dim === 'number' ? dim : undefined))]),
              ],
            ]
          : [],
      ),
    );
    const shape = inferTypes(model!, { inputs }).staticShapeOf(value);
    if (shape) return shape;
    throw teacherError(`teacher: expected ${name} of a size that is known ahead, received one that is not`);
  }

  /** The values `names` for a batch: its arrays by the names of the inputs, `rows` samples. */
  async run(
    arrays: BatchArrays,
    rows: number,
    names: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, Tensor>> {
    const feeds = Object.fromEntries(this.inputs.map((input) => [input.name, feedOf(input, arrays, rows)]));
    const sums = new Map<string, Tensor>();
    for (const session of this.sessions) {
      const outputs = await session.run(feeds, { outputs: names, ...(signal ? { signal } : {}) });
      for (const name of names) {
        const tensor = outputs[name]!;
        const share = tensor.toFloat32().map((x) => x / this.sessions.length);
        const earlier = sums.get(name)?.toFloat32();
        sums.set(name, Tensor.of('float32', tensor.dims, earlier ? share.map((x, i) => x + earlier[i]!) : share));
      }
    }
    return sums;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.sessions.map((session) => session.dispose()));
  }
}

/** A clone with `values` among its outputs. */
function exposeValues(model: Model, values: readonly string[]): Model {
  const copy = model.clone();
  for (const name of values) {
    const value = copy.graph.value(name);
    if (!value) throw teacherError(`teacher: expected a value of the model, received ${name}`);
    if (!value.isOutput) copy.graph.addOutput(value);
  }
  return copy;
}

function feedOf({ name, dtype, shape }: PortSpec, arrays: BatchArrays, rows: number): Tensor {
  const data = arrays[name];
  if (!data || !dtype) {
    throw teacherError(`teacher: expected its input ${name} in the data, received ${Object.keys(arrays).join(', ')}`);
  }
  const sizes = (shape ?? []).slice(1);
  // One size may be open: what is left of the sample.
  const known = sizes.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), rows);
  const dims = [rows, ...sizes.map((dim) => (typeof dim === 'number' ? dim : data.length / known))];
  if (!(data instanceof Float32Array) || dtype === 'float32') return Tensor.of(dtype, dims, data);
  // A teacher in half precision beside data in float32.
  return castTensor(Tensor.of('float32', dims, data), dtype, name);
}

const teacherError = (message: string): GossamerError<DistillErrorCode> =>
  new GossamerError('ERR_DISTILL_TEACHER', message);
