import { pinnedCpus } from './ask-child.js';
import type { CaseResult } from './case-result.js';
import { parseShapes } from './kernel-case.js';
import { compareOutputs } from './measure-pair.js';
import { runJob } from './run-job.js';
import { Tensor } from '@gossamer/graph';

const tiny = parseShapes({ groups: [{ group: 'g', kinds: ['int32'], shapes: ['64x64x64'] }] }, 'test')[0]!;

describe('runJob', () => {
  it('an engine beside itself is as fast as itself, and computes the same', async () => {
    const job = { kind: 'kernel', kernelCase: tiny, engines: ['ort', 'ort'], threads: 1, seconds: 0.5 } as const;
    const found = (await runJob({ ...job, pinned: undefined })) as CaseResult;
    expect(found.id).toBe('int32 64x64x64 @1');
    expect(found.difference).toEqual({ relative: 0, elements: 0, of: 64 * 64 });
    // Its interval misses 1 in one run of twenty; on a busy machine a little more.
    expect(found.ratio.low).toBeLessThan(1.2);
    expect(found.ratio.high).toBeGreaterThan(0.8);
    expect(found.subject.us.n).toBeGreaterThanOrEqual(7);
    expect(found.subject.callUs!.median).toBeLessThan(found.subject.us.median * 2);
    expect(found.gops!.subject).toBeGreaterThan(0);
    expect(found.reference.n).toBe(found.subject.us.n);
    expect(found.load.loadBefore).toBeGreaterThanOrEqual(0);
  });

  it('the reference evaluator is slower than ONNX Runtime, beyond doubt', async () => {
    const job = { kind: 'kernel', kernelCase: tiny, engines: ['reference', 'ort'], threads: 1, seconds: 0 } as const;
    const found = (await runJob({ ...job, pinned: undefined })) as CaseResult;
    expect(found.ratio.high).toBeLessThan(0.5);
    expect(found.bestRatio).toBeLessThan(0.5);
  });

  it('stops when told, and names an engine there is not', async () => {
    const job = { kind: 'kernel', kernelCase: tiny, engines: ['ort', 'ort'], threads: 1, seconds: 9 } as const;
    await expect(runJob({ ...job, pinned: undefined }, AbortSignal.abort())).rejects.toThrow(/abort/i);
    const strange = { ...job, engines: ['nothing', 'ort'] as const, pinned: undefined };
    await expect(runJob(strange)).rejects.toMatchObject({ code: 'ERR_ENGINE' });
  });
});

describe('compareOutputs', () => {
  const of = (...values: number[]) => ({ y: Tensor.fromNumbers('float32', [values.length], values) });

  it('is relative to the largest output, and knows NaN', () => {
    expect(compareOutputs(of(1, 2, 4), of(1, 2, 5))).toEqual({ relative: 0.2, elements: 1, of: 3 });
    expect(compareOutputs(of(0, 0), of(0, 0))).toEqual({ relative: 0, elements: 0, of: 2 });
    expect(compareOutputs(of(NaN), of(1)).relative).toBe(Infinity);
    expect(compareOutputs(of(1), of(1, 2)).relative).toBe(Infinity);
  });
});

describe('pinnedCpus', () => {
  it('takes the last CPUs, or none where all are needed', () => {
    expect(pinnedCpus(2, 2)).toBeUndefined();
    const one = pinnedCpus(1, 2);
    if (one) expect(one).toEqual([1]);
  });
});
