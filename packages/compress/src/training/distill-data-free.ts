import { type DataFreeOptions, distillDataFree as distillGraph } from '@gossamer/distill';
import { modelInputs } from '@gossamer/runtime';
import { collectDataset, type Dataset } from '@gossamer/train';
import type { DataSource } from '@gossamer/runtime';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ModelInput, OnnxModel, toModel } from '../onnx-model.js';
import type { WorkOptions } from '../progress.js';

export interface DistillDataFreeOptions
  extends WorkOptions, Omit<DataFreeOptions, 'samples' | 'checkpoint' | 'signal' | 'onStep'> {
  readonly teacher: ModelInput;
  /** A few real samples that the generator is trained on; their labels are not read. Default: none, nothing but the models is read. */
  readonly data?: DataSource;
  /** Folder for the checkpoint; the work goes on from one that is there. Default: none. */
  readonly run?: string;
  /** Rounds between checkpoints. Default 1,000. */
  readonly checkpointEvery?: number;
}

export interface DistillDataFreeResult {
  /** The student: nothing but weights differs from what was given. */
  readonly model: OnnxModel;
  /** Codes in, samples out. */
  readonly generator: OnnxModel;
  /** Multiply-accumulates of the generator for one sample. */
  readonly generatorMacs: number;
  readonly steps: number;
  /** Mean of the student's losses in the last tenth of the rounds. */
  readonly loss: number;
  readonly engine: string;
  readonly seconds: number;
  readonly warnings: readonly string[];
}

/** Trains a student to say what a teacher says, of samples that a generator makes. The inputs do not change. */
export async function distillDataFree(
  student: ModelInput,
  options: DistillDataFreeOptions,
): Promise<DistillDataFreeResult> {
  const start = performance.now();
  const { teacher, data, run, checkpointEvery = 1000, onProgress, ...rest } = options;
  const [pupil, master] = [(await toModel(student)).ir, (await toModel(teacher)).ir];
  const samples = data && (await read(data, modelInputs(pupil), options));
  if (run !== undefined) mkdirSync(run, { recursive: true });
  const result = await distillGraph(pupil, master, {
    ...rest,
    ...(samples ? { samples } : {}),
    ...(run === undefined ? {} : { checkpoint: { path: join(run, 'checkpoint.safetensors'), every: checkpointEvery } }),
    onStep: ({ step, steps }) => onProgress?.({ stage: 'distil', done: step, total: steps }),
  });
  const { generatorMacs, steps, loss, engine, warnings } = result;
  return {
    model: new OnnxModel(result.model),
    generator: new OnnxModel(result.generator),
    generatorMacs,
    steps,
    loss,
    engine,
    seconds: (performance.now() - start) / 1000,
    warnings,
  };
}

function read(
  data: DataSource,
  inputs: ReturnType<typeof modelInputs>,
  { signal, onProgress }: WorkOptions,
): Promise<Dataset> {
  return collectDataset(data, {
    inputs,
    ...(signal ? { signal } : {}),
    onProgress: (done, total) => onProgress?.({ stage: 'read data', done, total }),
  });
}
