import { GossamerError, type Model, type Value } from '@gossamer/graph';
import { type ComposedForm, toTrainingForm, type TrainingForm } from '@gossamer/train';
import type { DistillErrorCode } from '../error-codes.js';

/** A layer: what it reads first is features. */
const LAYERS: ReadonlySet<string> = new Set(['Gemm', 'MatMul', 'Conv']);

/** A teacher as part of another graph: constants that nothing trains, in its form for evaluation, through which gradients flow. */
export class FrozenTeacher {
  private constructor(
    private readonly form: TrainingForm,
    readonly classes: number,
  ) {}

  /** Throws ERR_DISTILL_TEACHER for a model with more than one input, or whose first output is not [batch, classes]. */
  static of(model: Model, batch: number): FrozenTeacher {
    const form = toTrainingForm(model, { batch, mode: 'evaluate' });
    const [logits] = form.outputs;
    const type = form.model.graph.value(logits!)?.type;
    const shape = type?.kind === 'tensor' ? type.shape : undefined;
    const classes = shape?.[1];
    if (form.inputs.length !== 1 || shape?.length !== 2 || typeof classes !== 'number') {
      throw new GossamerError<DistillErrorCode>(
        'ERR_DISTILL_TEACHER',
        `teacher: expected one input and an output [batch, classes], received ${form.inputs.length} and [${shape?.map(String).join() ?? '?'}]`,
      );
    }
    return new FrozenTeacher(form, classes);
  }

  /** Shows it `samples`; returns its logits [batch, classes], and what its last layer reads, where it has one. */
  judge(composed: ComposedForm, samples: Value): { readonly logits: Value; readonly features: Value | undefined } {
    const { form } = this;
    const { graph } = form.model;
    const input = graph.value(form.inputs[0]!)!;
    const expected = (input.type?.kind === 'tensor' ? input.type.shape : []) as readonly number[];
    const size = expected.reduce((a, b) => a * b, 1);
    if (size !== composed.g.size(samples)) {
      throw new GossamerError<DistillErrorCode>(
        'ERR_DISTILL_TEACHER',
        `teacher: expected an input of the student's size, received [${expected.join()}] beside [${composed.g.shape(samples).join()}]`,
      );
    }
    const shown = composed.g.reshape(samples, expected);
    const valueOf = composed.embed(form, [shown], { prefix: 'teacher/', state: 'constant' });
    const name = featuresOf(graph.value(form.outputs[0]!)!)?.name;
    return { logits: valueOf(form.outputs[0]!), features: name === undefined ? undefined : valueOf(name) };
  }
}

/** What the layer reads that makes `logits`, behind operators without weights. */
function featuresOf(logits: Value): Value | undefined {
  for (let value: Value | undefined = logits; value?.producer; value = value.producer.inputs[0]) {
    if (LAYERS.has(value.producer.op)) return value.producer.inputs[0]?.isInput ? undefined : value.producer.inputs[0];
  }
  return undefined;
}
