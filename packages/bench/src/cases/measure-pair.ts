import { type Tensor } from '@gossamer/graph';
import type { Outputs } from '@gossamer/runtime';
import { loadSince, loadSnapshot, noiseWarnings } from '../harness/machine-load.js';
import { referenceSample } from '../harness/measure-peak.js';
import { pairedRatio, round, summarise } from '../harness/summary.js';
import type { RunnableModel } from './build-kernel-model.js';
import type { CaseResult, EngineTimes } from './case-result.js';
import { EngineTimer, type RunTime, settle } from './engine-timer.js';

/** What is measured, and for how long. */
export interface PairRequest {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  readonly threads: number;
  readonly facts: Readonly<Record<string, string | number>>;
  /** Multiplications and additions of one run; undefined: no GOPS. */
  readonly operations: number | undefined;
  /** Names of the engines: the one in question, and the one it stands beside. */
  readonly engines: readonly [subject: string, peer: string];
  /** Time for the pairs, in seconds; the least number of pairs is taken in any case. */
  readonly seconds: number;
  readonly pinned: readonly number[] | undefined;
}

/** A timing fills this many microseconds with runs, or the clock and the scheduler would show. */
const BURST_US = 6000;
const CALL_BURST_US = 1000;
const LEAST_PAIRS = 7;
const MOST_PAIRS = 60;
/** Above this share of the time the cost of a call hides the kernel, and no net ratio is given. */
const MOST_CALL_SHARE = 0.8;
/** A run shorter than this is repeated once, untimed, when its turn begins: caches hold its own weights again. */
const REWARM_US = 50_000;

/**
 * Runs one model on two engines in this process, in turns: A B, B A, ... Each turn is a burst of runs; beside it the cost of a call that
 * computes nothing is taken, and the speed of a loop in registers, which says how steady the machine is.
 */
export async function measurePair(
  work: RunnableModel,
  call: RunnableModel | undefined,
  request: PairRequest,
  signal?: AbortSignal,
): Promise<CaseResult> {
  const { engines, threads } = request;
  const before = loadSnapshot();
  const open: EngineTimer[] = [];
  const opened = async (model: RunnableModel, engine: string) => {
    const timer = await EngineTimer.open(model, engine, threads);
    open.push(timer);
    return timer;
  };
  try {
    const sides: Side[] = [];
    for (const engine of engines) {
      const timer = await opened(work, engine);
      sides.push(await warmSide(timer, call === undefined ? undefined : await opened(call, engine), threads));
    }
    const [subject, peer] = sides as [Side, Side];
    const difference = compareOutputs(await subject.timer.run(), await peer.timer.run());
    const reference = await alternate(subject, peer, request, signal);
    return { ...describe(request, subject, peer), difference, ...machine(reference, before, request, difference) };
  } finally {
    for (const timer of open) await timer.dispose();
  }
}

/** One engine with its samples. */
interface Side {
  readonly timer: EngineTimer;
  readonly runs: number;
  readonly isShort: boolean;
  readonly call: { readonly timer: EngineTimer; readonly runs: number } | undefined;
  readonly times: RunTime[];
  readonly callTimes: RunTime[];
}

async function warmSide(timer: EngineTimer, call: EngineTimer | undefined, threads: number): Promise<Side> {
  const best = await timer.warmUp(3, 40);
  const callBest = call && (await call.warmUp(5, 5));
  await settle(threads);
  return {
    timer,
    runs: Math.max(1, Math.round(BURST_US / best)),
    isShort: best < REWARM_US,
    call: call && { timer: call, runs: Math.max(1, Math.round(CALL_BURST_US / callBest!)) },
    times: [],
    callTimes: [],
  };
}

/** Fills the sides' samples; returns those of the reference loop. */
async function alternate(
  subject: Side,
  peer: Side,
  { threads, seconds }: PairRequest,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const reference: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let pair = 0; pair < LEAST_PAIRS || (pair < MOST_PAIRS && performance.now() < end); pair++) {
    signal?.throwIfAborted();
    reference.push(referenceSample());
    for (const side of pair % 2 === 0 ? [subject, peer] : [peer, subject]) {
      if (side.isShort) await side.timer.run();
      side.times.push(await side.timer.time(side.runs));
      if (side.call) {
        await side.call.timer.run();
        side.callTimes.push(await side.call.timer.time(side.call.runs));
      }
      await settle(threads);
    }
  }
  return reference;
}

/** The least that a call cost is taken off: on a busy machine more would also take off what was waited for, and flatter the dearer call. */
function describe(request: PairRequest, subject: Side, peer: Side) {
  const { id, name, group, threads, facts, operations } = request;
  const [mine, theirs] = [describeSide(subject), describeSide(peer)];
  const ofSubject = subject.times.map(({ us }) => us);
  const ofPeer = peer.times.map(({ us }) => us);
  const net = [mine, theirs].every(isMostlyWork);
  const netOf = (times: readonly number[], { callUs }: EngineTimes) => times.map((us) => us - callUs!.min);
  const kernelUs = ({ us, callUs }: EngineTimes) => us.median - (net ? callUs!.min : 0);
  return {
    ...{ id, name, group, threads, facts },
    subject: mine,
    peer: theirs,
    ratio: pairedRatio(ofPeer, ofSubject),
    netRatio: net ? pairedRatio(netOf(ofPeer, theirs), netOf(ofSubject, mine)) : undefined,
    cpuRatio: threads === 1 ? cpuRatio(subject, peer) : undefined,
    bestRatio: round(theirs.us.min / mine.us.min),
    gops:
      operations === undefined
        ? undefined
        : { subject: round(operations / kernelUs(mine) / 1000), peer: round(operations / kernelUs(theirs) / 1000) },
  };
}

function describeSide({ timer, times, callTimes }: Side): EngineTimes {
  return {
    engine: timer.engine,
    us: summarise(times.map(({ us }) => us)),
    callUs: callTimes.length === 0 ? undefined : summarise(callTimes.map(({ us }) => us)),
  };
}

const isMostlyWork = ({ us, callUs }: EngineTimes) =>
  callUs !== undefined && callUs.min < MOST_CALL_SHARE * us.median && callUs.min < us.min;

function cpuRatio(subject: Side, peer: Side) {
  const times = [peer, subject].map((side) => side.times.map(({ cpuUs }) => cpuUs));
  return times.flat().every((us) => us > 0) ? pairedRatio(times[0]!, times[1]!) : undefined;
}

function machine(
  reference: readonly number[],
  before: ReturnType<typeof loadSnapshot>,
  { pinned, facts }: PairRequest,
  difference: CaseResult['difference'],
) {
  const load = loadSince(before);
  const warnings = noiseWarnings(load, reference);
  const limit = Number(facts['tolerance'] ?? Infinity);
  if (difference.relative > limit) {
    warnings.push(`the outputs differ by ${difference.relative} of the largest, more than ${limit}`);
  }
  return { reference: summarise(reference), pinned, load, warnings };
}

/** Over all outputs that both have; NaN beside a number counts as a difference of the whole range. */
export function compareOutputs(a: Outputs, b: Outputs): CaseResult['difference'] {
  let [largest, difference, elements, of] = [0, 0, 0, 0];
  for (const name of Object.keys(a)) {
    const [x, y] = [a[name]!, b[name]].map((tensor) => tensor && toNumbers(tensor)) as [Float64Array, Float64Array];
    if (y === undefined || x.length !== y.length) return { relative: Infinity, elements: x.length, of: x.length };
    of += x.length;
    for (let i = 0; i < x.length; i++) {
      const apart = Math.abs(x[i]! - y[i]!);
      if (apart > 0 || Number.isNaN(apart)) elements++;
      if (!Number.isNaN(y[i]!)) largest = Math.max(largest, Math.abs(y[i]!));
      difference = Number.isNaN(apart) && !Object.is(x[i], y[i]) ? Infinity : Math.max(difference, apart || 0);
    }
  }
  return { relative: largest > 0 ? round(difference / largest) : difference, elements, of };
}

const toNumbers = (tensor: Tensor) => tensor.toFloat64();
