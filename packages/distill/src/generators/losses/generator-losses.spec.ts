import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import {
  buildTrainingGraph,
  ComposedForm,
  expandFunctions,
  fillUniform,
  type Loss,
  LOSS,
  mlp,
  toTrainingForm,
} from '@gossamer/train';
import {
  CLASSES,
  CODE_ESTIMATE,
  CODE_LOG_VARIANCE,
  CODE_MEAN,
  FEATURES,
  MADE,
  NOISE,
  REALNESS,
  RECONSTRUCTED,
  STUDENT_LOGITS,
  TARGETS,
  TEACHER_LOGITS,
  UNIT_SAMPLES,
} from '../value-names.js';
import { activation } from './activation.js';
import { realness, tellApart } from './adversary.js';
import { classCondition } from './class-condition.js';
import { codeReconstruction } from './code-reconstruction.js';
import { confidence } from './confidence.js';
import { disagreement } from './disagreement.js';
import { evidenceBound } from './evidence-bound.js';
import { informationEntropy } from './information-entropy.js';

const BATCH = 4;
const WIDTH = 3;

const uniform = (count: number, stream: number): number[] => {
  const data = new Float32Array(count);
  fillUniform(data, 1, stream, 0);
  return [...data];
};
const tensor = (data: readonly number[], columns: number) =>
  Tensor.of('float64', [BATCH, columns], Float64Array.from(data));

const feeds: Record<string, Tensor> = {
  x: tensor(uniform(BATCH * 3, 1), 3),
  [NOISE]: tensor(uniform(BATCH * WIDTH, 2), WIDTH),
  [UNIT_SAMPLES]: tensor(uniform(BATCH * WIDTH, 3), WIDTH),
  [CLASSES]: tensor([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0], WIDTH),
  [TARGETS]: tensor([0.9, 0.9, 0, 0], 1),
  sample_weights: Tensor.of('float64', [BATCH], new Float64Array(BATCH).fill(1)),
};

const MADE_OF = [
  ...[TEACHER_LOGITS, STUDENT_LOGITS, FEATURES, MADE, CODE_ESTIMATE, CODE_MEAN, CODE_LOG_VARIANCE, RECONSTRUCTED],
];

/** Values of all names from one net whose weights are trained. */
function form() {
  const composed = new ComposedForm('losses');
  const net = toTrainingForm(mlp([3, 6, MADE_OF.length * WIDTH + 1], 5), { batch: BATCH });
  const all = composed.embed(net, [composed.input('x', [BATCH, 3])], { state: 'trained' })('logits');
  for (const name of [NOISE, UNIT_SAMPLES, CLASSES]) composed.input(name, [BATCH, WIDTH]);
  const part = (at: number, width: number) => composed.g.slice(all, [1], [at], [at + width]);
  return composed.finish({
    ...Object.fromEntries(MADE_OF.map((name, i) => [name, part(i * WIDTH, WIDTH)])),
    [REALNESS]: part(MADE_OF.length * WIDTH, 1),
  });
}

const losses: Loss[] = [
  activation(),
  realness(),
  tellApart(),
  classCondition(),
  codeReconstruction(),
  confidence(),
  disagreement(),
  evidenceBound(0.5),
  informationEntropy(),
];

test.each(losses.map((loss) => [loss.name, loss] as const))(
  'gradients of %s, to differences in float64',
  (name, loss) => {
    const composed = form();
    const { model, gradients } = buildTrainingGraph(composed, [{ loss }]);
    const graph = expandFunctions(model);
    const arrays = new Map(composed.parameters.map((item) => [item.name, item.initial.toFloat64()]));
    const dims = new Map(composed.parameters.map((item) => [item.name, item.initial.dims]));
    const run = () => {
      const own = [...arrays].map(([key, data]) => [key, Tensor.of('float64', dims.get(key)!, data.slice())] as const);
      const known = { ...feeds, ...Object.fromEntries(own) };
      const read = graph.graph.inputs.map((input) => [input.name, known[input.name]!] as const);
      return evaluate(graph, Object.fromEntries(read), { precision: 'float64' });
    };
    const analytic = run();
    const h = 1e-5;
    const [weights, output] = ['fc2.weight', gradients.get('fc2.weight')!] as const;
    const data = arrays.get(weights)!;
    const received = analytic[output]!.toFloat64();
    const largest = received.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    expect(largest).toBeGreaterThan(1e-4);
    data.forEach((x, i) => {
      const at = (moved: number) => {
        data[i] = moved;
        return run()[LOSS]!.toFloat64()[0]!;
      };
      const slope = (at(x + h) - at(x - h)) / (2 * h);
      data[i] = x;
      // h^2 f''' / 6 and rounding / h are below 1e-8; constants such as 1 / n are float32, 2^-24 each, a few in a row.
      expect(Math.abs(received[i]! - slope)).toBeLessThan(4 * 2 ** -24 * largest + 1e-8);
    });
  },
);
