import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isGossamerError } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { openData } from '../data/open-data.js';
import { createMetric } from '../metrics/registry.js';
import { evaluateMetrics } from '../metrics/evaluate-metrics.js';
import { detectState } from '../session/detect-state.js';
import { Session } from '../session/session.js';
import { countKernels } from './count-kernels.js';
import type { VerifyAnswer, VerifyRequest } from './verification.js';

/** Proves one model file in this process; errors become part of the answer. */
export async function answer(request: VerifyRequest): Promise<VerifyAnswer> {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-optimised-'));
  let kernels = { fusedKernels: {}, floatKernels: {} };
  try {
    const optimizedPath = join(folder, 'optimised.onnx');
    const session = await Session.open(request.path, { ...threads(request), optimizedPath });
    try {
      kernels = countKernels(await loadModel(optimizedPath));
      const compared = request.level === 'full' ? await compare(session, request) : {};
      return { loads: true, ...kernels, ...compared, peakRssMb: peakRssMb() };
    } finally {
      await session.dispose();
    }
  } catch (error) {
    const { message } = error as Error;
    const code = isGossamerError(error) ? error.code : 'ERR_VERIFY';
    return { loads: false, error: { code, message }, ...kernels, peakRssMb: peakRssMb() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const threads = (request: VerifyRequest) => (request.threads === undefined ? {} : { threads: request.threads });

const METRICS = ['max-abs-error', 'sqnr', 'cosine', 'agreement'] as const;

async function compare(session: Session, request: VerifyRequest): Promise<Partial<VerifyAnswer>> {
  const model = await loadModel(request.reference ?? request.path);
  const data = await openData(request.data.spec, { ...request.data.options, limit: request.samples });
  const state = detectState(model);
  if (request.reference === undefined) {
    for await (const { feeds, steps } of data.batches({ inputs: session.inputs }))
      await session.run({ ...feeds, ...steps?.[0] });
    return {};
  }
  const reference = await Session.open(request.reference, threads(request));
  try {
    const metrics = METRICS.map((name) => createMetric(name));
    const results = await evaluateMetrics(session, data, metrics, { reference, state });
    const [maxAbsError, sqnrDb, cosine, agreement] = results.map((result) => result.value);
    return {
      maxAbsError: maxAbsError!,
      sqnrDb: sqnrDb!,
      cosine: cosine!,
      agreement: agreement!,
      samples: results[0]!.samples,
    };
  } finally {
    await reference.dispose();
  }
}

function peakRssMb(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
