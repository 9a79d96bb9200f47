import { GraphBuilder, Tensor } from '@gossamer/graph';
import { isaInfo } from '@gossamer/kernels';
import { arrayDataset } from '../data/array-dataset.js';
import { meanSquaredError } from '../losses/mean-squared-error.js';
import { chooseStep, portableStep } from '../optimizers/choose-step.js';
import { scheduleOver } from '../schedules/registry.js';
import type { TrainOptions } from './train-options.js';
import { train } from './train.js';

const SAMPLES = 60;

/** y = 2 x0 - x1, to be found by one Gemm of three inputs. */
function lineProblem() {
  const g = new GraphBuilder('line');
  const w = g.weight('w', [3, 1], Float32Array.of(0.1, 0.2, 0.3));
  const y = g.op('Gemm', [g.input('x', 'float32', ['n', 3]), w, g.weight('b', [1], new Float32Array(1))]);
  const x = Float32Array.from({ length: 3 * SAMPLES }, (_, i) => Math.sin(i * 1.7));
  const targets = Float32Array.from({ length: SAMPLES }, (_, i) => 2 * x[3 * i]! - x[3 * i + 1]!);
  const dataset = arrayDataset({
    x: Tensor.of('float32', [SAMPLES, 3], x),
    targets: Tensor.of('float32', [SAMPLES, 1], targets),
  });
  return { model: g.output(y, 'y').model(), dataset };
}

const LINE_OPTIONS: TrainOptions = {
  losses: [{ loss: meanSquaredError() }],
  batch: 20,
  epochs: 20,
  optimizer: 'adamw',
  learningRate: scheduleOver({ learningRate: 0.2, warmUp: 0.1 }),
  clipNorm: 1,
  engine: 'reference',
};

/** A file of its own: the addon is looked for once in each. */
describe('training without the addon', () => {
  const { GOSSAMER_NATIVE_PATH } = process.env;
  beforeAll(() => {
    process.env['GOSSAMER_NATIVE_PATH'] = '/nowhere/gossamer_native.node';
  });
  afterAll(() => {
    if (GOSSAMER_NATIVE_PATH === undefined) delete process.env['GOSSAMER_NATIVE_PATH'];
    else process.env['GOSSAMER_NATIVE_PATH'] = GOSSAMER_NATIVE_PATH;
  });

  it('steps in plain TypeScript', async () => {
    expect(() => isaInfo()).toThrow(expect.objectContaining({ code: 'ERR_NATIVE_LOAD' }) as Error);
    expect(chooseStep()).toBe(portableStep);
    const { model, dataset } = lineProblem();
    const { history } = await train(model, dataset, LINE_OPTIONS);
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss / 100);
  });
});
