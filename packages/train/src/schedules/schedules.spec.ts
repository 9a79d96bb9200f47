import { constant } from './constant.js';
import { cosine } from './cosine.js';
import { oneCycle } from './one-cycle.js';
import { createSchedule, scheduleOver } from './registry.js';
import { rewind } from './rewind.js';
import type { Schedule } from './schedule.js';
import { step } from './step.js';
import { warmUp } from './warm-up.js';

const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;

/** Within a few roundings of a double: PyTorch computes rates one from another. */
function expectRates(schedule: Schedule, expected: readonly number[]): void {
  expected.forEach((rate, t) => expect(Math.abs(schedule(t) - rate)).toBeLessThan(1e-15));
}

// Literals: `optimizer.param_groups[0]['lr']` before each step of torch 2.13's schedulers, base rate 0.1.
describe('schedules', () => {
  it('constant stays', () => {
    expectRates(constant({ learningRate: 0.1 }), [0.1, 0.1, 0.1]);
    expect(() => constant({ learningRate: -1 })).toThrow(code);
  });

  it('step is StepLR(3, gamma=0.5)', () => {
    const rates = [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.0125];
    expectRates(step({ learningRate: 0.1, every: 3, factor: 0.5 }), rates);
    expect(() => step({ learningRate: 0.1, every: 0 })).toThrow(code);
  });

  it('cosine is CosineAnnealingLR(8, eta_min=0.01), and stays at its end', () => {
    const schedule = cosine({ learningRate: 0.1, steps: 8, final: 0.01 });
    expectRates(
      schedule,
      [
        0.1, 0.0965745789630079, 0.08681980515339463, 0.07222075445642905, 0.055, 0.03777924554357096,
        0.023180194846605363, 0.013425421036992097, 0.01,
      ],
    );
    expect(schedule(1000)).toBe(0.01);
    expect(cosine({ learningRate: 0.1, steps: 8 })(8)).toBe(0);
    expect(() => cosine({ learningRate: 0.1, steps: 0 })).toThrow(code);
  });

  it('one cycle is OneCycleLR', () => {
    // total_steps=10
    expectRates(
      oneCycle({ learningRate: 0.1, steps: 10 }),
      [
        0.0040000000000000036, 0.052000000000000005, 0.1, 0.09504846320134738, 0.0811745653949763, 0.06112620219362893,
        0.03887419780637107, 0.0188258346050237, 0.004951936798652629, 4e-7,
      ],
    );
    // total_steps=12, pct_start=0.25, div_factor=10, final_div_factor=100
    const schedule = oneCycle({ learningRate: 0.1, steps: 12, rise: 0.25, initialDivisor: 10, finalDivisor: 100 });
    expectRates(
      schedule,
      [
        0.009999999999999995, 0.055, 0.1, 0.09698764640825613, 0.08831391993379295, 0.07502500000000001,
        0.05872372647446318, 0.041376273525536834, 0.02507500000000001, 0.011786080066207053, 0.0031123535917438796,
        0.0001,
      ],
    );
    expect(schedule(100)).toBe(schedule(11));
    expect(() => oneCycle({ learningRate: 0.1, steps: 10, rise: 0.1 })).toThrow(code);
    expect(() => oneCycle({ learningRate: 0.1, steps: 10, rise: 1 })).toThrow(code);
  });

  it('warm-up before a cosine is SequentialLR of LinearLR(1/4, 1, 3) and CosineAnnealingLR(17)', () => {
    const rates = [
      0.025, 0.05, 0.07500000000000001, 0.1, 0.0991486549841951, 0.0966236114702178, 0.09251085678648072,
      0.08695044586103295, 0.08013173181896283, 0.07228691778882693, 0.06368314950360415, 0.0546134179731651,
      0.045386582026834904, 0.03631685049639586, 0.02771308221117311, 0.019868268181037183, 0.013049554138967034,
      0.0074891432135193, 0.0033763885297822143, 0.0008513450158049106,
    ];
    expectRates(warmUp(cosine({ learningRate: 0.1, steps: 17 }), 3), rates);
    // The fixtures' recipe: 15 % of 20 steps.
    expectRates(createSchedule({ learningRate: 0.1, steps: 20, warmUp: 0.15 }), rates);
    expect(createSchedule({ learningRate: 0.1, steps: 20, warmUp: 0.15 })(20)).toBe(0);
    expect(() => warmUp(constant({ learningRate: 1 }), 1.5)).toThrow(code);
  });

  it('rewinding replays the schedule from a step on, round after round', () => {
    const schedule = rewind((t) => t, { steps: 5, to: 3 });
    expect(Array.from({ length: 10 }, (_, t) => schedule(t))).toEqual([0, 1, 2, 3, 4, 3, 4, 3, 4, 3]);
    expect(() => rewind((t) => t, { steps: 5, to: 5 })).toThrow(code);
  });

  it('createSchedule finds each by name and refuses others', () => {
    const falls = createSchedule({ schedule: 'step', learningRate: 1, steps: 9 });
    expect([falls(0), falls(3), falls(8)]).toEqual([1, 0.1, 0.1 ** 2]);
    expect(createSchedule({ schedule: 'constant', learningRate: 1, steps: 1, warmUp: 0.9 })(0)).toBe(1);
    expect(createSchedule({ schedule: 'one-cycle', learningRate: 1, steps: 10 })(2)).toBe(1);
    const over = scheduleOver({ learningRate: 0.1, warmUp: 0.15 });
    const known = createSchedule({ learningRate: 0.1, warmUp: 0.15, steps: 20 });
    expect([over(7, 20), over(7, 40), over(8, 20)]).toEqual([
      known(7),
      createSchedule({ learningRate: 0.1, warmUp: 0.15, steps: 40 })(7),
      known(8),
    ]);
    expect(() => createSchedule({ schedule: 'linear' as never, learningRate: 1, steps: 1 })).toThrow(code);
    expect(() => createSchedule({ learningRate: 1, steps: 1, warmUp: 1 })).toThrow(code);
    expect(() => createSchedule({ learningRate: NaN, steps: 1 })).toThrow(code);
  });
});
