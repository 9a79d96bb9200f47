import { isaInfo, setThreads } from './isa-info.js';
import { type OptimizerHyper, type OptimizerKind, type OptimizerOptions, optimizerSlots } from './optimizer-rule.js';
import { optimizerStep, optimizerStepAsync, type OptimizerTensor } from './optimizer-step.js';

const KINDS: readonly OptimizerKind[] = ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam', 'amsgrad', 'adamw', 'lion'];

/** Numbers in [-1, 1) that look random. */
const noise = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });

function tensorOf(kind: OptimizerKind, length: number, seed: number): OptimizerTensor {
  const slots = optimizerSlots(kind).map(() => new Float32Array(length));
  return { weight: noise(length, seed), gradient: noise(length, seed + 100), slots };
}

const hyperOf = (step: number): OptimizerHyper => ({ learningRate: 0.05, step, weightDecay: 0.01 });

/** One weight by the papers' formulas, in float64. */
class Oracle {
  private m = 0;
  private v = 0;
  private largest = 0;

  constructor(
    private readonly kind: OptimizerKind,
    public w: number,
  ) {}

  step(gradient: number, t: number, lr: number, decay: number, l1: number, factor: number): void {
    const isDecoupled = this.kind === 'adamw' || this.kind === 'lion';
    const g = gradient * factor + (isDecoupled ? 0 : decay * this.w);
    const moved = this.w - lr * ((isDecoupled ? decay * this.w : 0) + this.direction(g, t));
    this.w = Math.sign(moved) * Math.max(Math.abs(moved) - lr * l1, 0);
  }

  private direction(g: number, t: number): number {
    switch (this.kind) {
      case 'sgd':
        return g;
      case 'momentum':
        return (this.m = 0.9 * this.m + g);
      case 'nesterov':
        this.m = 0.9 * this.m + g;
        return g + 0.9 * this.m;
      case 'rmsprop':
        this.v = 0.99 * this.v + 0.01 * g * g;
        return g / (Math.sqrt(this.v) + 1e-8);
      case 'lion': {
        const direction = Math.sign(0.9 * this.m + 0.1 * g);
        this.m = 0.99 * this.m + 0.01 * g;
        return direction;
      }
      default: {
        this.m = 0.9 * this.m + 0.1 * g;
        this.v = 0.999 * this.v + 0.001 * g * g;
        this.largest = Math.max(this.largest, this.v);
        const second = (this.kind === 'amsgrad' ? this.largest : this.v) / (1 - 0.999 ** t);
        return this.m / (1 - 0.9 ** t) / (Math.sqrt(second) + 1e-8);
      }
    }
  }
}

/**
 * PyTorch 2.13 in float64: f(w) = 3 (w0 - 1)^2 + (w0 w1 + 2)^2 from (0.5, -1.5); torch.optim SGD, RMSprop, Adam, AdamW with the numbers
 * given here, `weights.tolist()` after each of five times zero_grad, backward, step. PyTorch has no Lion.
 */
const TORCH: readonly (readonly [OptimizerKind, OptimizerHyper, readonly (readonly [number, number])[]])[] = [
  [
    'sgd',
    { learningRate: 0.05, weightDecay: 0.01 },
    [
      [0.83725, -1.56175],
      [0.9937958200921875, -1.6189423924265625],
      [1.0584773073547773, -1.657000456370228],
      [1.081184091637291, -1.6822213598547973],
      [1.0867716417010076, -1.700972280912385],
    ],
  ],
  [
    'momentum',
    { learningRate: 0.02, momentum: 0.9, weightDecay: 0.01 },
    [
      [0.6349, -1.5247],
      [0.8629326825543601, -1.5728329185661198],
      [1.1248751900872336, -1.6380240149067442],
      [1.3557282451196417, -1.7034518449890927],
      [1.4994543280260326, -1.7452167447141207],
    ],
  ],
  [
    'nesterov',
    { learningRate: 0.02, momentum: 0.9, weightDecay: 0.01 },
    [
      [0.75631, -1.54693],
      [1.018438130533415, -1.6140595794271124],
      [1.2210476895115019, -1.67911044461337],
      [1.3275962247211648, -1.7195843811877158],
      [1.3384518301880155, -1.7293244135990316],
    ],
  ],
  [
    'rmsprop',
    { learningRate: 0.05, alpha: 0.9, weightDecay: 0.01 },
    [
      [0.6581138822671292, -1.6581138789598362],
      [0.7561681475591555, -1.7702944926501896],
      [0.8258191779672733, -1.8538939933883125],
      [0.8766439091520835, -1.9162197880899448],
      [0.9134045111250748, -1.9613665338862103],
    ],
  ],
  [
    'adam',
    { learningRate: 0.05, weightDecay: 0.01 },
    [
      [0.549999999925871, -1.5499999995951417],
      [0.5998651742899525, -1.6000117795861897],
      [0.6494700808886358, -1.6500062075293112],
      [0.6986535983417613, -1.6999148979867886],
      [0.747209672144681, -1.7496166290298805],
    ],
  ],
  [
    'amsgrad',
    { learningRate: 0.05, beta1: 0.8, beta2: 0.5, weightDecay: 0.01 },
    [
      [0.549999999925871, -1.5499999995951417],
      [0.6003940085438143, -1.5999469797986934],
      [0.6515002072905437, -1.6499852664148693],
      [0.7014189719216036, -1.7003860542842313],
      [0.7488272050929436, -1.7503021211930347],
    ],
  ],
  [
    'adamw',
    { learningRate: 0.05, weightDecay: 0.1 },
    [
      [0.5474999999259259, -1.5424999996],
      [0.5946359230158016, -1.5848023853381747],
      [0.6412973188439959, -1.626887968334394],
      [0.6873476770746716, -1.6687079881870182],
      [0.7326190683795101, -1.7101765132156534],
    ],
  ],
];

function codeOf(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

describe('optimizerStep', () => {
  test.each(TORCH)('%s goes where PyTorch goes', (kind, hyper, expected) => {
    const weight = Float32Array.of(0.5, -1.5);
    const slots = optimizerSlots(kind).map(() => new Float32Array(2));
    expected.forEach((point, i) => {
      const [a, b] = weight as unknown as [number, number];
      const rest = 2 * (a * b + 2);
      const gradient = Float32Array.of(6 * (a - 1) + rest * b, rest * a);
      optimizerStep(kind, [{ weight, gradient, slots }], { ...hyper, step: i + 1 });
      // A step is off by at most eight roundings of values below 2, 1e-6; the next multiplies what it finds by 1 + learning rate times
      // curvature (12), 1.6 at most: in five steps 16e-6.
      point.forEach((value, j) => expect(Math.abs(weight[j]! - value)).toBeLessThan(16e-6));
    });
  });

  test.each(KINDS)('%s follows its published rule in float64, with decay, an L1 penalty and a factor', (kind) => {
    const length = 61;
    const tensor = tensorOf(kind, length, 1);
    const oracles = Array.from(tensor.weight, (w) => new Oracle(kind, w));
    for (let t = 1; t <= 20; t++) {
      const gradient = noise(length, 200 + t);
      const options = { gradientFactor: 0.5, l1: 0.02 };
      optimizerStep(kind, [{ ...tensor, gradient }], hyperOf(t), options);
      oracles.forEach((oracle, i) => oracle.step(gradient[i]!, t, 0.05, 0.01, 0.02, 0.5));
    }
    // Weights below 4, at most ten roundings of 2^-22 in each of 20 steps, which hardly act on one another: the gradients are given.
    tensor.weight.forEach((w, i) => expect(Math.abs(w - oracles[i]!.w)).toBeLessThan(20 * 10 * 2 ** -22));
  });

  test.each(KINDS)('%s: what is masked stays exactly 0, in the weight and in what is remembered', (kind) => {
    for (const zeros of [new Uint8Array(40), new Float32Array(40)]) {
      const tensor = tensorOf(kind, 40, 3);
      const open = tensorOf(kind, 40, 3);
      zeros.forEach((_, i) => (zeros[i] = i % 3 === 0 ? 0 : 1));
      const mask = zeros;
      for (let t = 1; t <= 5; t++) {
        optimizerStep(kind, [{ ...tensor, mask }], hyperOf(t));
        optimizerStep(kind, [open], hyperOf(t));
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
      const tensors = lengths.map((length, i) => tensorOf('adamw', length, i));
      for (const group of isTogether ? [tensors] : tensors.map((tensor) => [tensor])) {
        if (isAsync) await optimizerStepAsync('adamw', group, hyperOf(1));
        else optimizerStep('adamw', group, hyperOf(1));
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

  test('dampening takes less of every gradient, the first one too', () => {
    const tensor = { weight: Float32Array.of(1), gradient: Float32Array.of(1), slots: [new Float32Array(1)] };
    optimizerStep('momentum', [tensor], { learningRate: 0.5, momentum: 0.5, dampening: 0.25 });
    expect([...tensor.weight, ...tensor.slots[0]!]).toEqual([0.625, 0.75]);
    optimizerStep('momentum', [tensor], { learningRate: 0.5, momentum: 0.5, dampening: 0.25 });
    expect([...tensor.weight, ...tensor.slots[0]!]).toEqual([0.0625, 1.125]);
  });

  test('a proximal step ends in exact zeros', () => {
    const tensor = { weight: Float32Array.of(0.05, -0.05, 1, -1, 0), gradient: new Float32Array(5), slots: [] };
    optimizerStep('sgd', [tensor], { learningRate: 0.5 }, { l1: 0.25 });
    expect([...tensor.weight]).toEqual([0, 0, 0.875, -0.875, 0]);
  });

  test('refuses numbers out of range and numbers of other rules', () => {
    const bad = (kind: OptimizerKind, hyper: Partial<OptimizerHyper>, options: OptimizerOptions = {}) =>
      codeOf(() => optimizerStep(kind, [tensorOf(kind, 3, 1)], { learningRate: 0.1, step: 1, ...hyper }, options));
    const cases: unknown[] = [
      bad('sgd', { learningRate: NaN }),
      bad('sgd', { learningRate: -1 }),
      bad('sgd', { weightDecay: Infinity }),
      bad('sgd', { momentum: 0.9 }),
      bad('nesterov', { dampening: 0 }),
      bad('momentum', { momentum: 1 }),
      bad('momentum', { dampening: 1.5 }),
      bad('adam', { step: 0 }),
      bad('adam', { step: 1.5 }),
      bad('adam', { alpha: 0.9 }),
      bad('adam', { beta1: 1 }),
      bad('adam', { epsilon: -1 }),
      bad('sgd', {}, { gradientFactor: NaN }),
      bad('sgd', {}, { l1: -1 }),
      codeOf(() => optimizerSlots('toString' as OptimizerKind)),
      codeOf(() => optimizerStep('adam', [], { learningRate: 0.1 })),
    ];
    expect(cases).toEqual(cases.map(() => 'ERR_BAD_OPTION'));
    expect(bad('sgd', { step: 7 })).toBe(undefined);
  });

  test('refuses arrays of other types and lengths, missing slots, overlaps, detached buffers; nothing is changed then', () => {
    const tensor = tensorOf('adam', 8, 1);
    const before = structuredClone(tensor);
    const first = tensorOf('adam', 8, 2);
    const untouched = structuredClone(first);
    const bad = (change: Partial<Record<keyof OptimizerTensor, unknown>>) =>
      codeOf(() => optimizerStep('adam', [first, { ...tensor, ...change } as OptimizerTensor], hyperOf(1)));
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
    expect(codeOf(() => optimizerStep('sgd', [empty], { learningRate: 1 }))).toBe('ERR_DETACHED_BUFFER');
    expect([tensor, first]).toEqual([before, untouched]);
  });
});
