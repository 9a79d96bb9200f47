import type { EvalTensor } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';

const domain = 'ai.onnx.preview.training';

/** What one update makes of a parameter, its gradient (weight decay added) and its states. */
type Update = (x: number, g: number, states: readonly number[]) => readonly [number, ...number[]];

/**
 * Inputs: learning rate, update count, then all parameters, all gradients, and each kind of state of all parameters; outputs: the new
 * parameters, then the new states in the same order.
 */
function optimizer(
  op: string,
  states: number,
  makeUpdate: (call: KernelCall, rate: number, step: number) => Update,
): Kernel {
  return defineKernel({
    op,
    domain,
    run: (call) => {
      const [rate, step] = [call.numbers(0)[0]!, Number(call.tensor(1).data[0])];
      const update = makeUpdate(call, rate, step);
      const decay = call.node.float('norm_coefficient', 0);
      const count = (call.inputs.length - 2) / (2 + states);
      const results: EvalTensor[][] = Array.from({ length: 1 + states }, () => []);
      for (let p = 0; p < count; p++) {
        const tensor = (kind: number) => call.tensor(2 + kind * count + p);
        const [x, g] = [call.asNumbers(tensor(0)), call.asNumbers(tensor(1))];
        const old = Array.from({ length: states }, (_, s) => call.asNumbers(tensor(2 + s)));
        const fresh = Array.from({ length: 1 + states }, () => new Float64Array(x.length));
        for (let i = 0; i < x.length; i++) {
          const updated = update(
            x[i]!,
            decay * x[i]! + g[i]!,
            old.map((state) => state[i]!),
          );
          updated.forEach((value, k) => (fresh[k]![i] = value));
        }
        const { dtype, dims } = tensor(0);
        fresh.forEach((values, k) => results[k]!.push(call.result(dtype, dims, values)));
      }
      return results.flat();
    },
  });
}

export const optimizers: readonly Kernel[] = [
  optimizer('Momentum', 1, ({ node }, rate, step) => {
    const alpha = node.float('alpha', 0);
    const beta = step > 0 ? node.float('beta', 0) : 1;
    const nesterov = node.string('mode', 'standard') === 'nesterov';
    return (x, g, [v = 0]) => {
      const velocity = alpha * v + beta * g;
      return [x - rate * (nesterov ? g + alpha * velocity : velocity), velocity];
    };
  }),
  optimizer('Adagrad', 1, ({ node }, rate, step) => {
    const adjusted = rate / (1 + step * node.float('decay_factor', 0));
    const epsilon = node.float('epsilon', 0);
    return (x, g, [h = 0]) => {
      const sum = h + g * g;
      return [x - (adjusted * g) / (Math.sqrt(sum) + epsilon), sum];
    };
  }),
  optimizer('Adam', 2, ({ node }, rate, step) => {
    const [alpha, beta] = [node.float('alpha', Math.fround(0.9)), node.float('beta', Math.fround(0.999))];
    const [epsilon, shrink] = [node.float('epsilon', 0), node.float('norm_coefficient_post', 0)];
    const adjusted = step > 0 ? (rate * Math.sqrt(1 - beta ** step)) / (1 - alpha ** step) : rate;
    return (x, g, [v = 0, h = 0]) => {
      const [mean, square] = [alpha * v + (1 - alpha) * g, beta * h + (1 - beta) * g * g];
      return [(1 - shrink) * (x - (adjusted * mean) / (Math.sqrt(square) + epsilon)), mean, square];
    };
  }),
];
