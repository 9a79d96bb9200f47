import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkGraph, inferTypes, isGossamerError, type Model } from '@gossamer/graph';
import { loadModel, saveModel } from '@gossamer/graph/onnx';
import {
  createMetric,
  type DataSource,
  evaluateMetrics,
  openData,
  Session,
  type Verification,
  verify,
  type VerifyOptions,
} from '@gossamer/runtime';
import { modelOrFile } from './model-or-file.js';
import type { SavableModel } from './savable-model.js';

interface ProofOptions extends Pick<VerifyOptions, 'seed' | 'threads' | 'signal'> {
  /** Inputs to compare outputs on; default: random ones. */
  readonly data?: VerifyOptions['data'];
}

/** How ONNX Runtime names an opset or an IR version that is newer than it. */
const TOO_NEW = /Opset \d+ is under development|Unsupported model IR version/;

/** The newest that onnxruntime-node 1.30 opens. Opsets 27 and 28 rewrite no node of a model that is raised to them. */
const NEWEST_OPENED = { opset: 26, irVersion: 13 } as const;

/** True when ONNX Runtime refused a file for its opset or IR version alone. */
export function isTooNew({ loads, error }: Verification): boolean {
  return !loads && error !== undefined && TOO_NEW.test(error.message);
}

/**
 * Proves a file that is too new for ONNX Runtime. It is read again, every graph checked, types inferred. Where the model it was made from
 * is not too new itself, the same nodes are opened (and, level full, compared) under the newest opset that ONNX Runtime opens; else, or
 * where it has no kernels, the reference evaluator compares the two on one sample. `loads` stays false and a warning says what was done.
 * Throws what reading and checking throw.
 */
export async function proveTooNew(
  failed: Verification,
  path: string,
  reference: SavableModel | undefined,
  options: ProofOptions,
): Promise<Verification> {
  const start = performance.now();
  const model = await loadModel(path);
  checkGraph(model.graph);
  for (const { body } of model.functions) checkGraph(body);
  inferTypes(model);
  const isRaised = reference !== undefined && reference.ir.opset <= NEWEST_OPENED.opset;
  const opened = isRaised ? await openRelabelled(model, failed.level, reference, options) : undefined;
  const compared = !opened && failed.level === 'full' && reference ? await evaluateBoth(path, reference, options) : {};
  const found: Partial<Verification> = { ...opened, ...compared };
  const isCompared = found.sqnrDb !== undefined;
  const how = opened
    ? `${isCompared ? 'compared' : 'opened'} as opset ${NEWEST_OPENED.opset}, where its nodes mean the same`
    : isCompared && 'compared by the reference evaluator on one sample';
  const tooNew = `this version of ONNX Runtime opens no model of opset ${model.opset} (IR version ${model.irVersion})`;
  const warnings = [`${tooNew}: it was read again, checked${how ? `, and ${how}` : ''}`, ...(found.warnings ?? [])];
  const seconds = failed.seconds + (performance.now() - start) / 1000;
  return { ...failed, ...found, loads: false, ...(failed.error ? { error: failed.error } : {}), warnings, seconds };
}

/** The proof of the same nodes under an older opset; undefined where ONNX Runtime does not open that either. */
async function openRelabelled(
  model: Model,
  level: Verification['level'],
  reference: SavableModel,
  options: ProofOptions,
): Promise<Verification | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-relabelled-'));
  try {
    const path = join(folder, 'model.onnx');
    await saveModel(relabelled(model), path, { fsync: false });
    const compareWith = level === 'full' ? { reference: modelOrFile(reference) } : {};
    const { data, seed, threads, signal } = options;
    const answer = await verify(path, {
      level,
      ...compareWith,
      ...(data ? { data } : {}),
      ...(seed === undefined ? {} : { seed }),
      ...(threads === undefined ? {} : { threads }),
      ...(signal ? { signal } : {}),
    });
    return answer.loads ? answer : undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function relabelled(model: Model): Model {
  const { opset, irVersion } = NEWEST_OPENED;
  const copy = model.clone();
  const lower = (opsets: ReadonlyMap<string, number>) =>
    new Map([...opsets].map(([domain, version]) => [domain, domain === '' ? Math.min(version, opset) : version]));
  for (const [domain, version] of lower(copy.opsets)) copy.opsets.set(domain, version);
  copy.functions.forEach((definition, index) => {
    copy.functions[index] = { ...definition, opsets: lower(definition.opsets) };
  });
  copy.irVersion = Math.min(copy.irVersion, irVersion);
  return copy;
}

const METRICS = ['max-abs-error', 'sqnr', 'cosine', 'agreement'] as const;
/** Sizes for open dimensions, tried in turn: the model's own, then those of tokens and crops. */
const OPEN_SIZES = [undefined, 128, 224] as const;

/** The outputs of both by the reference evaluator; a warning where it runs neither. */
async function evaluateBoth(
  path: string,
  reference: SavableModel,
  options: ProofOptions,
): Promise<Partial<Verification>> {
  const expected = await Session.open(reference.ir, { engine: 'reference' });
  const found = await Session.open(path, { engine: 'reference' });
  let refusal: string | undefined;
  for await (const data of samples(options)) {
    const metrics = METRICS.map((name) => createMetric(name));
    try {
      const results = await evaluateMetrics(found, data, metrics, {
        reference: expected,
        ...(options.signal ? { signal: options.signal } : {}),
      });
      const [maxAbsError, sqnrDb, cosine, agreement] = results.map(({ value }) => value);
      const measured = { maxAbsError: maxAbsError!, sqnrDb: sqnrDb!, cosine: cosine!, agreement: agreement! };
      return { ...measured, samples: results[0]!.samples };
    } catch (error) {
      if (!isGossamerError(error) || !error.code.startsWith('ERR_EVAL_')) throw error;
      refusal = error.message;
    }
  }
  return { warnings: [`outputs were not compared: ${refusal}`] };
}

async function* samples({ data, seed = 0 }: ProofOptions): AsyncIterableIterator<DataSource> {
  if (data) {
    yield openData(data.spec, { ...data.options, limit: 1 });
    return;
  }
  for (const openSize of OPEN_SIZES) {
    yield openData('random:1', openSize === undefined ? { seed } : { seed, openSize });
  }
}
