import type { Claim } from '../harness/suite-result.js';
import type { SpeedResult } from './measure-case.js';

interface Limits {
  /** Times faster than the peer, at least. */
  readonly faster: number;
  /** Our memory as a share of the peer's, at most. */
  readonly memory: number;
}

/** What making the file must cost, by model and mode. */
const limits: Readonly<Record<string, Readonly<Record<string, Limits>>>> = {
  'ResNet-50': { static: { faster: 2.5, memory: 1 / 2 }, 'static, entropy': { faster: 0, memory: 1 / 5 } },
  MobileNetV2: { static: { faster: 4, memory: 1 / 2 }, 'static, entropy': { faster: 0, memory: 1 / 5 } },
  'BERT-base': {
    static: { faster: 2, memory: 1 / 2 },
    dynamic: { faster: 10, memory: 1 / 2 },
    '4-bit RTN': { faster: 5, memory: 1 / 2 },
  },
};

/** The least lower end of the interval of our result's paired speed ratio to the peer's. */
const leastRatio = 0.97;

/** What this project promises beside the peer; `missing` says why the peer was not measured. */
export function speedClaims(results: readonly SpeedResult[], missing: string | undefined): Claim[] {
  return results.flatMap((result) => {
    const { model, mode } = result;
    const limit = limits[model]?.[mode];
    if (!limit) throw new Error(`${model}, ${mode}: no limits`);
    const claims = claimTexts(`${model}, ${mode}`, limit);
    const { peer, toPeer, ours } = result;
    if (!peer || !toPeer) {
      return claims.map((claim) => ({ claim, measured: missing ?? 'not measured', holds: undefined }));
    }
    const faster = peer.seconds / ours.seconds;
    const inside = peer.workSeconds / ours.workSeconds;
    const memory = ours.peakRssMb / peer.peakRssMb;
    const kernels = [count(ours.fusedKernels), count(peer.fusedKernels)] as const;
    const found: Omit<Claim, 'claim'>[] = [
      ...(limit.faster > 0
        ? [{ measured: `${faster.toFixed(2)}x (work alone: ${inside.toFixed(2)}x)`, holds: faster >= limit.faster }]
        : []),
      { measured: `1/${(1 / memory).toFixed(2)}`, holds: memory <= limit.memory },
      { measured: `${kernels[0]} to ${kernels[1]}`, holds: kernels[0] >= kernels[1] },
      { measured: `${toPeer.ratio.toFixed(3)} (from ${toPeer.low.toFixed(3)})`, holds: toPeer.low >= leastRatio },
    ];
    return claims.map((claim, i) => ({ claim, ...found[i]! }));
  });
}

function claimTexts(what: string, { faster, memory }: Limits): string[] {
  return [
    ...(faster > 0 ? [`${what}: made at least ${faster}x faster, whole process`] : []),
    `${what}: peak memory at most 1/${(1 / memory).toFixed(0)}`,
    `${what}: as many fused kernels or more`,
    `${what}: the result's speed ratio to the peer's is at least ${leastRatio} at the lower end of its 95 % interval`,
  ];
}

function count(kernels: Readonly<Record<string, number>>): number {
  return Object.values(kernels).reduce((sum, value) => sum + value, 0);
}
