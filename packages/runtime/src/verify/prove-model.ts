import { join } from 'node:path';
import { isGossamerError } from '@gossamer/graph';
import { countOperators } from '@gossamer/graph/onnx';
import type { DataSource } from '../data/data-source.js';
import { openData } from '../data/open-data.js';
import { createMetric } from '../metrics/registry.js';
import { evaluateMetrics } from '../metrics/evaluate-metrics.js';
import { Session } from '../session/session.js';
import { countKernels } from './count-kernels.js';
import { peakRssMb } from './peak-rss.js';
import type { VerifyAnswer, VerifyRequest } from './verification.js';

/** Proves one model file in this process; errors become part of the answer. */
export async function answer(request: VerifyRequest): Promise<VerifyAnswer> {
  let kernels = { fusedKernels: {}, floatKernels: {} };
  try {
    const optimizedPath = join(request.folder, 'optimised.onnx');
    const session = await Session.open(request.path, { ...threads(request), optimizedPath });
    try {
      kernels = countKernels(countOperators(optimizedPath));
      const compared = request.level === 'full' ? await compare(session, request) : {};
      return { loads: true, ...kernels, ...compared, peakRssMb: peakRssMb() };
    } finally {
      await session.dispose();
    }
  } catch (error) {
    const { message } = error as Error;
    const code = isGossamerError(error) ? error.code : 'ERR_VERIFY';
    return { loads: false, error: { code, message }, ...kernels, peakRssMb: peakRssMb() };
  }
}

const threads = (request: VerifyRequest) => (request.threads === undefined ? {} : { threads: request.threads });

const METRICS = ['max-abs-error', 'sqnr', 'cosine', 'agreement'] as const;

/** Runs the file, and compares its outputs with the reference's where there is one. */
async function compare(session: Session, request: VerifyRequest): Promise<Partial<VerifyAnswer>> {
  const reference = request.reference === undefined ? session : await Session.open(request.reference, threads(request));
  try {
    const data = await chooseData(reference, request);
    if (!data) return { warnings: [NOT_COMPARED] };
    const isAlone = reference === session;
    const metrics = isAlone ? [] : METRICS.map((name) => createMetric(name));
    const results = await evaluateMetrics(session, data, metrics, isAlone ? {} : { reference });
    if (isAlone) return {};
    const [maxAbsError, sqnrDb, cosine, agreement] = results.map((result) => result.value);
    const { samples } = results[0]!;
    return { maxAbsError: maxAbsError!, sqnrDb: sqnrDb!, cosine: cosine!, agreement: agreement!, samples };
  } finally {
    if (reference !== session) await reference.dispose();
  }
}

const NOT_COMPARED = 'outputs were not compared: the input model itself runs on no random input tried; give data';

/** Sizes for open dimensions, tried in turn: the source's own, then those of common tokens, crops, audio frames and clips. */
const OPEN_SIZES = [undefined, 128, 224, 512, 576, 1024, 1536, 4096, 16_000] as const;

/** The given data, or random inputs that `reference` runs on; undefined when it runs on none that was tried. */
async function chooseData(reference: Session, request: VerifyRequest): Promise<DataSource | undefined> {
  const { data, samples, seed } = request;
  if (data) return openData(data.spec, { ...data.options, limit: samples });
  for (const openSize of OPEN_SIZES) {
    const options = openSize === undefined ? { seed } : { seed, openSize };
    if (await runsOn(reference, await openData('random:1', options))) return openData(`random:${samples}`, options);
  }
  return undefined;
}

async function runsOn(session: Session, data: DataSource): Promise<boolean> {
  try {
    for await (const { feeds } of data.batches({ inputs: session.inputs })) await session.run(feeds);
    return true;
  } catch (error) {
    if (isGossamerError(error) && error.code === 'ERR_ORT_RUN') return false;
    throw error;
  }
}
