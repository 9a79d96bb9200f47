import type { Tensor, Value } from '@gossamer/graph';
import type { ComposedForm, LossTerm } from '@gossamer/train';
import { activation } from '../losses/activation.js';
import { disagreement } from '../losses/disagreement.js';
import { informationEntropy } from '../losses/information-entropy.js';
import { FEATURES, MADE, STUDENT_LOGITS, TEACHER_LOGITS } from '../value-names.js';
import type { MakerContext } from './sample-maker.js';

/** Weights of the teacher's features and of the entropy of classes on MNIST in DAFL's code. */
const ACTIVATION = 0.1;
const ENTROPY = 5;
/** Begins the names of the student's arrays in the generator's graph. */
const STUDENT = 'student/';

/** What teacher and student say of samples that nobody knows, and what a generator that learns from the teacher alone makes of it. */
export interface Answers {
  /** Made samples, and what is said of them, by the names that losses know. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** All classes are alike often, the teacher's features are excited, and the student says something else than the teacher. */
  readonly losses: readonly LossTerm[];
  /** The student's arrays as they are now. */
  feeds(): Readonly<Record<string, Tensor>>;
}

/** Shows `made` to the teacher and, where `adversarial` weighs its disagreement, to the student. */
export function addAnswers(
  composed: ComposedForm,
  { teacher, student }: MakerContext,
  made: Value,
  adversarial: number,
): Answers {
  const { logits, features } = teacher.judge(composed, made);
  const outputs: Record<string, Value> = { [MADE]: made, [TEACHER_LOGITS]: logits };
  const losses: LossTerm[] = [{ loss: informationEntropy(), weight: ENTROPY }];
  if (features) {
    outputs[FEATURES] = features;
    losses.push({ loss: activation(), weight: ACTIVATION });
  }
  if (adversarial === 0) return { outputs, losses, feeds: () => ({}) };
  const said = composed.embed(student.form, [made], { prefix: STUDENT, state: 'fed' });
  outputs[STUDENT_LOGITS] = said(student.form.outputs[0]!);
  losses.push({ loss: disagreement(), weight: adversarial });
  return {
    outputs,
    losses,
    feeds: () => Object.fromEntries(Object.entries(student.feeds()).map(([name, t]) => [`${STUDENT}${name}`, t])),
  };
}
