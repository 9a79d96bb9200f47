import { GossamerError, type Model } from '@gossamer/graph';
import { scheduleOver, type TrainingSessionOptions } from '@gossamer/train';
import type { DataFreeOptions } from './data-free-options.js';
import type { DistillErrorCode } from './error-codes.js';
import { digestOf, resumeRounds, type Rounds, saveRounds } from './generators/data-free-checkpoint.js';
import { FrozenTeacher } from './generators/frozen-teacher.js';
import { openMaker } from './generators/makers/open-maker.js';
import type { MakerContext, SampleMaker } from './generators/makers/sample-maker.js';
import { generatorMacs } from './generators/nets/generator-net.js';
import { StudentTrainer } from './generators/student-trainer.js';

export interface DataFreeResult {
  /** The student with trained weights; nothing else differs. */
  readonly model: Model;
  /** Codes in, samples out. */
  readonly generator: Model;
  /** Multiply-accumulates that the generator takes for one sample. */
  readonly generatorMacs: number;
  /** Rounds made. */
  readonly steps: number;
  /** Mean of the student's losses in the last tenth of the rounds. */
  readonly loss: number;
  readonly engine: string;
  readonly warnings: readonly string[];
}

const CHECKPOINT_STEPS = 1000;
/** Share of the rounds behind which losses count for the result. */
const LAST = 0.9;
const GENERATOR_RATE = 1e-3;
/** Of the teacher alone. Fast, so that the student sees ever other samples: 500 rounds of a GAN at 1e-3 leave a student of LeNet-5 at 91 %, 1,500 at 0.02 at 98 %. */
const LONE_RATE = 0.02;

/**
 * Trains `student` to say what `teacher` says of samples that a generator makes. Without `samples` no data are read: the generator learns from the
 * teacher alone (a GAN whose discriminator is the teacher, or the decoder of an autoencoder that is given a class); with them it learns to make
 * more of their kind. The teacher labels everything.
 *
 * Throws ERR_DISTILL_OPTIONS, ERR_DISTILL_TEACHER, ERR_CHECKPOINT, ERR_DIVERGED.
 */
export async function distillDataFree(
  student: Model,
  teacher: Model,
  options: DataFreeOptions,
): Promise<DataFreeResult> {
  check(options);
  const { batch = 128, seed = 0, temperature = 1, steps } = options;
  const { generatorLearningRate = options.samples === undefined ? LONE_RATE : GENERATOR_RATE } = options;
  const session = sessionOptions(options);
  const pupil = await StudentTrainer.open(student, { ...session, batch, seed, temperature });
  let maker: SampleMaker | undefined;
  try {
    const frozen = FrozenTeacher.of(teacher, batch);
    requireFit(pupil, frozen);
    const context: MakerContext = {
      teacher: frozen,
      shape: pupil.shape,
      batch,
      steps,
      seed,
      rateAt: () => generatorLearningRate,
      session,
      student: { form: pupil.evaluated, feeds: pupil.feeds },
    };
    maker = await openMaker(context, options);
    const numbers = { ...decisive(options), samples: options.samples?.length ?? 0, batch, temperature, seed };
    const digest = digestOf(numbers, [student, teacher], options.samples);
    const loss = await run(pupil, maker, options, digest);
    const generator = maker.generator();
    return {
      model: pupil.taught(),
      generator,
      generatorMacs: generatorMacs(generator),
      steps,
      loss,
      engine: pupil.trainer.session.engine,
      warnings: [...new Set([...pupil.trainer.session.warnings, ...maker.warnings])],
    };
  } finally {
    await maker?.dispose();
    await pupil.trainer.dispose();
  }
}

function requireFit({ evaluated }: StudentTrainer, { classes }: FrozenTeacher): void {
  const { inputs, outputs, model } = evaluated;
  const type = model.graph.value(outputs[0]!)?.type;
  const shape = type?.kind === 'tensor' ? type.shape : undefined;
  if (inputs.length === 1 && shape?.length === 2 && shape[1] === classes) return;
  throw new GossamerError<DistillErrorCode>(
    'ERR_DISTILL_TEACHER',
    `teacher: expected a student of one input and an output [batch, ${classes}], received ${inputs.length} and [${shape?.map(String).join() ?? '?'}]`,
  );
}

async function run(
  pupil: StudentTrainer,
  maker: SampleMaker,
  options: DataFreeOptions,
  digest: string,
): Promise<number> {
  const { checkpoint, signal, steps, learningRate = 2e-3 } = options;
  const trainers = { student: pupil.trainer, ...maker.trainers };
  const rounds: Rounds = { step: 0, lessons: 0, lastLosses: 0, lastLessons: 0 };
  if (checkpoint) await resumeRounds(checkpoint.path, trainers, rounds, digest);
  const save = async () => {
    if (checkpoint) await saveRounds(checkpoint.path, trainers, rounds, digest);
  };
  const rateAt = scheduleOver({ schedule: 'cosine', learningRate });
  const every = checkpoint?.every ?? CHECKPOINT_STEPS;
  while (rounds.step < steps) {
    // Between rounds alone: a round that stopped halfway could not be made again.
    if (signal?.aborted) {
      await save();
      signal.throwIfAborted();
    }
    const made = await maker.round(rounds.step);
    if (made) {
      const rate = rateAt(rounds.lessons, steps - maker.idle);
      const loss = await pupil.learn(made, rounds.lessons, rate);
      rounds.lessons++;
      if (rounds.step + 1 > LAST * steps) {
        rounds.lastLosses += loss;
        rounds.lastLessons++;
      }
      options.onStep?.({ step: rounds.step + 1, steps, loss, learningRate: rate });
    }
    rounds.step++;
    if (rounds.step % every === 0) await save();
  }
  await save();
  return rounds.lastLosses / rounds.lastLessons;
}

function decisive({
  generator,
  steps,
  learningRate,
  generatorLearningRate,
  ...rest
}: DataFreeOptions): Record<string, unknown> {
  const { adversarial, inputMean, inputDeviation } = rest;
  return { generator, steps, learningRate, generatorLearningRate, adversarial, inputMean, inputDeviation };
}

function sessionOptions({ engine, threads }: DataFreeOptions): TrainingSessionOptions {
  return { ...(engine === undefined ? {} : { engine }), ...(threads === undefined ? {} : { threads }) };
}

function check(options: DataFreeOptions): void {
  const { generator, steps, batch = 128, adversarial = 0 } = options;
  const refuse = (name: string, expected: string, received: unknown): never => {
    throw new GossamerError<DistillErrorCode>(
      'ERR_DISTILL_OPTIONS',
      `${name}: expected ${expected}, received ${String(received)}`,
    );
  };
  if (generator !== 'gan' && generator !== 'vae') refuse('generator', 'gan or vae', generator);
  if (!Number.isInteger(steps) || steps < 1) refuse('steps', 'an integer >= 1', steps);
  if (!Number.isInteger(batch) || batch < 2 || batch % 2 !== 0) refuse('batch', 'an even number >= 2', batch);
  if (!(adversarial >= 0)) refuse('adversarial', 'a number >= 0', adversarial);
  if (adversarial > 0 && options.samples !== undefined) refuse('adversarial', '0 with samples', adversarial);
}
