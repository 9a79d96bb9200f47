import { speedClaims } from './claims.js';
import type { Made, SpeedResult } from './measure-case.js';

const made = (seconds: number, peakRssMb: number, kernels: number): Made => ({
  seconds,
  workSeconds: seconds,
  cpuSeconds: seconds,
  peakRssMb,
  bytes: 1,
  fusedKernels: { QLinearConv: kernels },
});
const pair = (low: number) => {
  const ratio = { ratio: 1, low, high: 1.1 };
  return { ...ratio, cpu: ratio, a: { median: 1, p95: 1 }, b: { median: 1, p95: 1 }, pairs: 30 };
};
const result = (ours: Made, peer: Made, low: number): SpeedResult => ({
  model: 'ResNet-50',
  mode: 'static',
  ours,
  peer,
  gate: { seconds: 1, peakRssMb: 1 },
  sqnrDb: { ours: 20, peer: 20 },
  toPeer: pair(low),
  toFloat: pair(1),
});

describe('speedClaims', () => {
  const verdicts = (measured: SpeedResult) => speedClaims([measured], undefined).map(({ holds }) => holds);

  it('holds on the limits and fails beyond them, one by one', () => {
    const peer = made(5, 200, 10);
    expect(verdicts(result(made(2, 100, 10), peer, 0.97))).toEqual([true, true, true, true]);
    expect(verdicts(result(made(2.01, 100, 10), peer, 0.97))).toEqual([false, true, true, true]);
    expect(verdicts(result(made(2, 101, 10), peer, 0.97))).toEqual([true, false, true, true]);
    expect(verdicts(result(made(2, 100, 9), peer, 0.97))).toEqual([true, true, false, true]);
    expect(verdicts(result(made(2, 100, 10), peer, 0.969))).toEqual([true, true, true, false]);
  });

  it('says why nothing was measured without a peer', () => {
    const { peer: _peer, toPeer: _toPeer, ...alone } = result(made(2, 100, 10), made(5, 200, 10), 1);
    const claims = speedClaims([alone], 'no Python');
    expect(claims.map(({ holds, measured }) => [holds, measured])).toEqual(Array(4).fill([undefined, 'no Python']));
  });
});
