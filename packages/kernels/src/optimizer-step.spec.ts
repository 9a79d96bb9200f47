import { isaInfo, setThreads } from './isa-info.js';
import type { OptimizerCoefficients, OptimizerRule } from './optimizer-rule.js';
import { optimizerStep, optimizerStepAsync, type OptimizerTensor } from './optimizer-step.js';

const SLOTS: Readonly<Record<OptimizerRule, number>> = {
  ...{ sgd: 0, momentum: 1, nesterov: 1, rmsprop: 1, adam: 2, amsgrad: 3, lion: 1 },
};
const RULES = Object.keys(SLOTS) as OptimizerRule[];

/** All at work at once, exact in float32, so that an oracle in float64 starts from the same numbers. */
const COEFFICIENTS: OptimizerCoefficients = {
  gradientFactor: 0.5,
  l2: 2 ** -6,
  shrink: 1 - 2 ** -9,
  step: 3 * 2 ** -6,
  firstKeep: 0.875,
  firstTake: 0.25,
  secondKeep: 1 - 2 ** -7,
  secondTake: 2 ** -7,
  rootFactor: 1.25,
  epsilon: 2 ** -20,
  threshold: 2 ** -10,
};

/** Numbers in [-1, 1) that look random. */
const noise = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });

function tensorOf(rule: OptimizerRule, length: number, seed: number): OptimizerTensor {
  const slots = Array.from({ length: SLOTS[rule] }, () => new Float32Array(length));
  return { weight: noise(length, seed), gradient: noise(length, seed + 100), slots };
}

/** One weight by the formulas of optimizer_f32.h, in float64. */
class Oracle {
  private m = 0;
  private v = 0;
  private largest = 0;

  constructor(
    private readonly rule: OptimizerRule,
    public w: number,
  ) {}

  step(gradient: number, c: OptimizerCoefficients): void {
    const moved = c.shrink * this.w - c.step * this.direction(c.gradientFactor * gradient + c.l2 * this.w, c);
    this.w = Math.sign(moved) * Math.max(Math.abs(moved) - c.threshold, 0);
  }

  private direction(g: number, c: OptimizerCoefficients): number {
    const before = this.m;
    if (this.rule === 'sgd') return g;
    if (this.rule === 'lion') {
      this.m = c.secondKeep * before + c.secondTake * g;
      return Math.sign(c.firstKeep * before + c.firstTake * g);
    }
    this.v = c.secondKeep * this.v + c.secondTake * g * g;
    if (this.rule === 'rmsprop') return g / (Math.sqrt(this.v) + c.epsilon);
    this.m = c.firstKeep * before + c.firstTake * g;
    if (this.rule === 'momentum') return this.m;
    if (this.rule === 'nesterov') return g + c.firstKeep * this.m;
    this.largest = Math.max(this.largest, this.v);
    const second = this.rule === 'amsgrad' ? this.largest : this.v;
    return this.m / (Math.sqrt(second) * c.rootFactor + c.epsilon);
  }
}

function codeOf(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

describe('optimizerStep', () => {
  test.each(RULES)('%s follows the formulas of its header in float64', (rule) => {
    const length = 61;
    const tensor = tensorOf(rule, length, 1);
    const oracles = Array.from(tensor.weight, (w) => new Oracle(rule, w));
    for (let t = 1; t <= 20; t++) {
      const gradient = noise(length, 200 + t);
      optimizerStep(rule, [{ ...tensor, gradient }], COEFFICIENTS);
      oracles.forEach((oracle, i) => oracle.step(gradient[i]!, COEFFICIENTS));
    }
    // Weights below 4, at most ten roundings of 2^-22 in each of 20 steps, which hardly act on one another: the gradients are given.
    tensor.weight.forEach((w, i) => expect(Math.abs(w - oracles[i]!.w)).toBeLessThan(20 * 10 * 2 ** -22));
  });

  test.each(RULES)('%s: what is masked stays exactly 0, in the weight and in what is remembered', (rule) => {
    for (const zeros of [new Uint8Array(40), new Float32Array(40)]) {
      const tensor = tensorOf(rule, 40, 3);
      const open = tensorOf(rule, 40, 3);
      zeros.forEach((_, i) => (zeros[i] = i % 3 === 0 ? 0 : 1));
      const mask = zeros;
      for (let t = 1; t <= 5; t++) {
        optimizerStep(rule, [{ ...tensor, mask }], COEFFICIENTS);
        optimizerStep(rule, [open], COEFFICIENTS);
      }
      const arrays = (of: OptimizerTensor) => [of.weight, ...of.slots];
      arrays(tensor).forEach((array, a) => {
        array.forEach((value, i) => expect(value).toBe(mask[i] === 0 ? 0 : arrays(open)[a]![i]));
      });
    }
  });

  test('many tensors, also empty ones, are each as alone: at every number of threads, at once and on the pool', async () => {
    const lengths = [70_001, 0, 3, 32_768];
    const run = async (isAsync: boolean, isTogether: boolean) => {
      const tensors = lengths.map((length, i) => tensorOf('adam', length, i));
      for (const group of isTogether ? [tensors] : tensors.map((tensor) => [tensor])) {
        if (isAsync) await optimizerStepAsync('adam', group, COEFFICIENTS);
        else optimizerStep('adam', group, COEFFICIENTS);
      }
      return tensors;
    };
    const expected = await run(false, false);
    const { threads } = isaInfo();
    for (const count of [1, 3]) {
      setThreads(count);
      expect(await run(false, true)).toEqual(expected);
      expect(await run(true, true)).toEqual(expected);
    }
    setThreads(threads);
  });

  const neutral = { ...COEFFICIENTS, gradientFactor: 1, l2: 0, shrink: 1, step: 0.5, threshold: 0 };

  test('momentum may take less of every gradient than 1', () => {
    const tensor = { weight: Float32Array.of(1), gradient: Float32Array.of(1), slots: [new Float32Array(1)] };
    const coefficients = { ...neutral, firstKeep: 0.5, firstTake: 0.75 };
    optimizerStep('momentum', [tensor], coefficients);
    expect([...tensor.weight, ...tensor.slots[0]!]).toEqual([0.625, 0.75]);
    optimizerStep('momentum', [tensor], coefficients);
    expect([...tensor.weight, ...tensor.slots[0]!]).toEqual([0.0625, 1.125]);
  });

  test('a proximal step ends in exact zeros', () => {
    const tensor = { weight: Float32Array.of(0.05, -0.05, 1, -1, 0), gradient: new Float32Array(5), slots: [] };
    optimizerStep('sgd', [tensor], { ...neutral, threshold: 0.125 });
    expect([...tensor.weight]).toEqual([0, 0, 0.875, -0.875, 0]);
  });

  test('refuses coefficients that are missing or not finite in float32, and other rules', () => {
    const tensor = tensorOf('adam', 3, 1);
    const before = structuredClone(tensor);
    for (const name of Object.keys(COEFFICIENTS)) {
      for (const value of [NaN, -Infinity, 1e39, undefined]) {
        const coefficients = { ...COEFFICIENTS, [name]: value };
        expect(codeOf(() => optimizerStep('adam', [tensor], coefficients))).toBe('ERR_BAD_OPTION');
      }
    }
    for (const rule of ['adamw', 'toString'] as unknown as OptimizerRule[])
      expect(codeOf(() => optimizerStep(rule, [], COEFFICIENTS))).toBe('ERR_BAD_OPTION');
    expect(tensor).toEqual(before);
  });

  test('refuses arrays of other types and lengths, missing slots, overlaps, detached buffers; nothing is changed then', () => {
    const tensor = tensorOf('adam', 8, 1);
    const before = structuredClone(tensor);
    const first = tensorOf('adam', 8, 2);
    const untouched = structuredClone(first);
    const bad = (change: Partial<Record<keyof OptimizerTensor, unknown>>) =>
      codeOf(() => optimizerStep('adam', [first, { ...tensor, ...change } as OptimizerTensor], COEFFICIENTS));
    const detached = new Float32Array(8);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    expect(bad({ weight: [1] })).toBe('ERR_WRONG_TYPE');
    expect(bad({ gradient: new Float64Array(8) })).toBe('ERR_WRONG_TYPE');
    expect(bad({ mask: new Int32Array(8) })).toBe('ERR_WRONG_TYPE');
    expect(bad({ gradient: new Float32Array(7) })).toBe('ERR_WRONG_LENGTH');
    expect(bad({ mask: new Uint8Array(7) })).toBe('ERR_WRONG_LENGTH');
    expect(bad({ slots: [tensor.slots[0]] })).toBe('ERR_WRONG_LENGTH');
    expect(bad({ slots: [tensor.slots[0], new Float32Array(9)] })).toBe('ERR_WRONG_LENGTH');
    expect(bad({ slots: [tensor.slots[0], tensor.slots[0]] })).toBe('ERR_OVERLAP');
    expect(bad({ gradient: tensor.weight })).toBe('ERR_OVERLAP');
    expect(bad({ weight: first.weight })).toBe('ERR_OVERLAP');
    expect(bad({ mask: tensor.slots[1] })).toBe('ERR_OVERLAP');
    expect(bad({ weight: new Float32Array(new SharedArrayBuffer(32)) })).toBe('ERR_SHARED_BUFFER');
    expect(bad({ slots: [tensor.slots[0], detached] })).toBe('ERR_WRONG_LENGTH');
    const empty = { weight: new Float32Array(0), gradient: detached, slots: [] };
    expect(codeOf(() => optimizerStep('sgd', [empty], COEFFICIENTS))).toBe('ERR_DETACHED_BUFFER');
    expect([tensor, first]).toEqual([before, untouched]);
  });
});
