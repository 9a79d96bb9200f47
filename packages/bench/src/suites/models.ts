import { join } from 'node:path';
import { GossamerError, isGossamerError } from '@gossamer/graph';
import { askChild, type JobRequest } from '../cases/ask-child.js';
import type { MemoryJob, ModelJob, OperatorShares, ProfileJob } from '../cases/case-job.js';
import { type CaseOutcome, isMeasured } from '../cases/case-result.js';
import { parseShapes } from '../cases/kernel-case.js';
import { bestKernelRatio, failureTable, ratioPlots } from '../cases/kernel-report.js';
import { chosen, measureJobs, measureKernels, type NamedJob } from '../cases/measure-cases.js';
import { caseId } from '../cases/run-job.js';
import type { SuiteFindings } from '../harness/suite-result.js';
import { isOurs, type Suite, type SuiteContext } from '../harness/suite.js';
import { amdahl } from '../models/amdahl.js';
import { type ModelFile, writeModelFiles, ZOO, type ZooModel } from '../models/model-case.js';
import {
  memoryTable,
  type MemoryResult,
  modelClaims,
  modelTable,
  type Prediction,
  shareTable,
} from '../models/model-report.js';

/** Whole quantized models on two engines. */
export const models: Suite = {
  name: 'models',
  isTimed: true,
  about:
    'ResNet-50, BERT-base and MobileNetV2 in int8, dense and sparse, on engine native beside ONNX Runtime; memory; what Amdahl predicts',
  run: measureModels,
};

const BATCHES = [1, 8];
const SECONDS = 4;
const PROBE_SECONDS = 1;
/** The kernel whose speed-up Amdahl's prediction takes for every product. */
const PROBE = { kinds: ['quantized'], shapes: ['128x768x3072'], group: 'kernels behind the prediction' };

async function measureModels(context: SuiteContext): Promise<SuiteFindings> {
  const { engines } = context;
  const wanted = ZOO.filter((zoo) => chosen(caseNames(zoo), context).length > 0);
  if (wanted.length === 0) {
    const names = ZOO.map(({ name }) => name).join(', ');
    throw new GossamerError('ERR_SUITE', `filter: expected a part of a case's name, received none's; models: ${names}`);
  }
  const outcomes: CaseOutcome[] = [];
  const memory: MemoryResult[] = [];
  const shares: Record<string, OperatorShares> = {};
  for (const zoo of wanted) {
    context.say(`${zoo.name}: building and quantizing`);
    const files = await writeModelFiles(zoo, join(context.scratch, zoo.name), context.signal);
    outcomes.push(...(await measureJobs(chosen(jobsOf(zoo, files, context), context), context)));
    memory.push(...(await measureMemories(zoo, files, context)));
    shares[zoo.name] = await profile(files[0]!, context);
  }
  const masks = [...new Set(wanted.flatMap((zoo) => zoo.masks))];
  const probes = await probeKernels(masks, context);
  const predictions = wanted.flatMap((zoo) => predict(zoo, shares[zoo.name]!, probes));
  const failures = failureTable(outcomes);
  const failed = outcomes.filter((outcome) => !isMeasured(outcome)).length;
  return {
    summary: summary(engines),
    claims: isOurs(engines) ? modelClaims(outcomes, memory, engines) : [],
    tables: [
      modelTable(outcomes, predictions, engines),
      memoryTable(memory),
      shareTable(shares),
      ...(failures ? [failures] : []),
    ],
    plots: ratioPlots(outcomes, engines),
    warnings: failed > 0 ? [`${failed} of ${outcomes.length} cases could not be measured`] : [],
    data: { cases: outcomes, probes, memory, shares, predictions },
  };
}

function summary([subject, peer]: SuiteContext['engines']): string {
  return [
    `The zoo's models with random weights (speed and memory are real, quality is not measured), quantized by this project: the CNNs static, BERT dynamic; ${subject}`,
    `and ${peer} run the same file in one fresh process per row, in turns, A B, B A. Masks are put on the int8 weights; the first and the last layer of a CNN stay dense;`,
    '80%cap16 is 80 % at random with at most 16 of 64 left. "faster" is the median of the paired ratios with its 95 % bootstrap interval, "best" the ratio of the shortest times. Amdahl\'s prediction takes the',
    `products' share of ${peer}'s time from its profile, and their speed-up from the shortest times of one kernel (128 x 768 x 3072, requantised) with the same mask in this run.`,
    'Memory is the highest resident set of a fresh process that opens the file and runs it three times, Node included.',
  ].join('\n');
}

const caseName = (model: string, mask: string, batch: number) => `${model} ${mask} batch ${batch}`;

const caseNames = ({ name, masks }: ZooModel) =>
  masks.flatMap((mask) => BATCHES.map((batch) => ({ name: caseName(name, mask, batch) })));

function jobsOf(zoo: ZooModel, files: readonly ModelFile[], { threads, engines }: SuiteContext): NamedJob[] {
  return threads.flatMap((count) =>
    files.flatMap(({ mask, path, sparsity, maskedLayers }) =>
      BATCHES.map((batch): NamedJob => {
        const name = caseName(zoo.name, mask, batch);
        const facts = { model: zoo.name, mask, batch, sparsity: Number(sparsity.toFixed(4)), maskedLayers };
        const job: JobRequest<ModelJob> = {
          ...{ kind: 'model', name, group: zoo.name, threads: count, facts, engines, path },
          ...{ bindings: { [zoo.batch]: batch }, seconds: SECONDS },
        };
        return { id: caseId(name, count), name, group: zoo.name, threads: count, job };
      }),
    ),
  );
}

/** The dense model and the last mask, in each engine; what fails is said in the table. */
async function measureMemories(
  zoo: ZooModel,
  files: readonly ModelFile[],
  { engines, signal, say }: SuiteContext,
): Promise<MemoryResult[]> {
  say(`${zoo.name}: memory`);
  const results: MemoryResult[] = [];
  for (const { mask, path } of new Set([files[0]!, files.at(-1)!])) {
    for (const engine of new Set(engines)) {
      const job = { kind: 'memory', engine, path, bindings: { [zoo.batch]: 1 }, threads: 1 } as const;
      try {
        const { peakRssMb } = await askChild<MemoryJob>(job, signal);
        results.push({ model: zoo.name, mask, engine, peakRssMb });
      } catch (error) {
        signal.throwIfAborted();
        if (!isGossamerError(error)) throw error;
        results.push({ model: zoo.name, mask, engine, peakRssMb: undefined, error: error.code });
      }
    }
  }
  return results;
}

async function profile({ path }: ModelFile, { signal, say }: SuiteContext): Promise<OperatorShares> {
  say('the profile of ONNX Runtime');
  return (await askChild<ProfileJob>({ kind: 'profile', path, bindings: {}, threads: 1 }, signal)).shares;
}

function probeKernels(masks: readonly string[], context: SuiteContext): Promise<CaseOutcome[]> {
  const cases = parseShapes({ groups: [{ ...PROBE, masks }] }, 'probe');
  return measureKernels(cases, { ...context, threads: [1], only: undefined, filter: undefined }, PROBE_SECONDS);
}

function predict(zoo: ZooModel, shares: OperatorShares, probes: readonly CaseOutcome[]): Prediction[] {
  return zoo.masks.flatMap((mask) => {
    const probe = probes.filter(isMeasured).find(({ facts }) => facts['mask'] === mask);
    if (!probe) return [];
    const kernel = bestKernelRatio(probe);
    const share = zoo.products.reduce((sum, op) => sum + (shares[op] ?? 0), 0);
    return [{ model: zoo.name, mask, share, kernel, predicted: amdahl(shares, zoo.products, kernel) }];
  });
}
