import { checkGraph, inferTypes, isGossamerError } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import {
  createMetric,
  type DataSource,
  evaluateMetrics,
  openData,
  Session,
  type Verification,
  type VerifyOptions,
} from '@gossamer/runtime';
import type { SavableModel } from './savable-model.js';

interface ProofOptions {
  /** Inputs to compare outputs on; default: random ones. */
  readonly data?: VerifyOptions['data'];
  readonly signal?: AbortSignal;
}

/** How ONNX Runtime names an opset or an IR version that is newer than it. */
const TOO_NEW = /Opset \d+ is under development|Unsupported model IR version/;

/** True when ONNX Runtime refused a file for its opset or IR version alone. */
export function isTooNew({ loads, error }: Verification): boolean {
  return !loads && error !== undefined && TOO_NEW.test(error.message);
}

const METRICS = ['max-abs-error', 'sqnr', 'cosine', 'agreement'] as const;
const SAMPLES = 4;
/** Sizes for open dimensions, tried in turn: the model's own, then those of tokens and crops. */
const OPEN_SIZES = [undefined, 128, 224] as const;

/**
 * Proves a file that is too new for ONNX Runtime: it is read again, every graph checked, types inferred, and (level full) it and the model
 * it was made from run by the reference evaluator on the same inputs. `loads` stays false and a warning says what was done instead.
 * Throws what reading and checking throw.
 */
export async function proveByReference(
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
  const compared = failed.level === 'full' && reference ? await compare(path, reference, options) : {};
  const how =
    'sqnrDb' in compared ? 'read again, checked, and compared by the reference evaluator' : 'read again and checked';
  const warnings = [
    ...(failed.warnings ?? []),
    `this version of ONNX Runtime opens no model of opset ${model.opset} (IR version ${model.irVersion}): it was ${how}`,
    ...(compared.warnings ?? []),
  ];
  return { ...failed, ...compared, warnings, seconds: failed.seconds + (performance.now() - start) / 1000 };
}

/** The outputs of both by the reference evaluator; a warning where it runs neither. */
async function compare(path: string, reference: SavableModel, options: ProofOptions): Promise<Partial<Verification>> {
  const expected = await Session.open(reference.ir, { engine: 'reference' });
  const found = await Session.open(path, { engine: 'reference' });
  let refusal: string | undefined;
  for await (const data of candidates(options)) {
    const metrics = METRICS.map((name) => createMetric(name));
    try {
      const results = await evaluateMetrics(found, data, metrics, {
        reference: expected,
        ...(options.signal ? { signal: options.signal } : {}),
      });
      const [maxAbsError, sqnrDb, cosine, agreement] = results.map(({ value }) => value);
      return {
        maxAbsError: maxAbsError!,
        sqnrDb: sqnrDb!,
        cosine: cosine!,
        agreement: agreement!,
        samples: results[0]!.samples,
      };
    } catch (error) {
      if (!isGossamerError(error) || !error.code.startsWith('ERR_EVAL_')) throw error;
      refusal = error.message;
    }
  }
  return { warnings: [`outputs were not compared: ${refusal}`] };
}

async function* candidates({ data }: ProofOptions): AsyncIterableIterator<DataSource> {
  if (data) {
    yield openData(data.spec, { ...data.options, limit: SAMPLES });
    return;
  }
  for (const openSize of OPEN_SIZES) {
    yield openData(`random:${SAMPLES}`, openSize === undefined ? { seed: 0 } : { seed: 0, openSize });
  }
}
