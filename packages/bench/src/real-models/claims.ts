import type { MetricResult } from '@gossamer/runtime';
import type { Claim } from '../harness/suite-result.js';
import { ACCURACY_CONTROL } from './real-model.js';
import { errorsOf } from './describe-metric.js';
import type { VariantResult } from './measure-variant.js';

/** Everything measured: the originals' own metrics by model, and the variants. */
export interface RealModelFigures {
  readonly originals: Readonly<Record<string, readonly MetricResult[]>>;
  readonly variants: readonly VariantResult[];
}

/** What this project promises about real models, held against the figures. Claims about models that were not run are left out. */
export function realModelClaims(figures: RealModelFigures): Claim[] {
  const ran = new Set(Object.keys(figures.originals));
  const refused = figures.variants.filter(({ refused }) => refused !== undefined);
  const load: Claim = {
    claim: 'every mode ends in a file that loads in ONNX Runtime',
    measured:
      refused.length === 0
        ? `${figures.variants.length} files`
        : refused.map(({ model, variant }) => `${model}, ${variant}`).join('; '),
    holds: refused.length === 0,
  };
  const about = (model: string, claim: () => Claim): Claim[] => (ran.has(model) ? [claim()] : []);
  return [
    load,
    ...about('lenet-5', () => fewErrorsChange('lenet-5', figures)),
    ...about('resnet20-mnist', () => fewErrorsChange('resnet20-mnist', figures)),
    ...about('tinylm', () => perplexityRises(figures, 'weights int8', 0.001)),
    ...about('tinylm', () => perplexityRises(figures, 'weights int4', 0.005)),
    ...about('PP-OCRv4 rec', () => readsAsWell(figures, 'static', 3, 0.005)),
    ...about('PP-OCRv4 rec', () => readsAsWell(figures, ACCURACY_CONTROL, 3.5, 0.003)),
    ...about('Silero VAD v5', () => decidesAlike(figures)),
    ...about('USE-lite', () => meansAlike(figures)),
  ];
}

function fewErrorsChange(model: string, figures: RealModelFigures): Claim {
  const errors = (metrics: readonly MetricResult[] | undefined) => errorsOf(metricOf(metrics, 'top1'));
  const [before, after] = [errors(figures.originals[model]), errors(variantOf(figures, model, 'static').metrics)];
  return {
    claim: `${model} W8A8: errors on 10,000 test images change by at most 10`,
    measured: `${before} -> ${after}`,
    holds: Math.abs(after - before) <= 10,
  };
}

function perplexityRises(figures: RealModelFigures, variant: string, limit: number): Claim {
  const before = metricOf(figures.originals['tinylm'], 'perplexity').value;
  const after = metricOf(variantOf(figures, 'tinylm', variant).metrics, 'perplexity').value;
  return {
    claim: `tinylm, ${variant}: perplexity rises by at most ${100 * limit} %`,
    measured: `${before.toFixed(4)} -> ${after.toFixed(4)} (${percent(after / before - 1)})`,
    holds: after / before - 1 <= limit,
  };
}

function readsAsWell(figures: RealModelFigures, variant: string, ratio: number, drop: number): Claim {
  const model = 'PP-OCRv4 rec';
  const before = metricOf(figures.originals[model], 'cer');
  // The variant is fixed beforehand: picking the best on the test lines would flatter it.
  const { bytes, metrics } = variantOf(figures, model, variant);
  const after = metricOf(metrics, 'cer');
  return {
    claim: `${model}, ${variant}, on ${before.samples} lines: at least ${ratio}x smaller within ${(100 * drop).toFixed(1)} points of CER`,
    measured: `${bytes!.ratio.toFixed(2)}x, CER ${percent(before.value)} -> ${percent(after.value)}`,
    holds: bytes!.ratio >= ratio && before.samples >= 1000 && after.value - before.value <= drop,
  };
}

function decidesAlike(figures: RealModelFigures): Claim {
  const { bytes, metrics } = variantOf(figures, 'Silero VAD v5', 'dynamic');
  const agreement = metricOf(metrics, 'agreement');
  return {
    claim: 'Silero VAD v5, dynamic: at least 3x smaller with at least 99 % of frames decided alike',
    measured: `${bytes!.ratio.toFixed(2)}x, ${percent(agreement.value)} of ${agreement.samples} frames`,
    holds: bytes!.ratio >= 3 && agreement.value >= 0.99,
  };
}

function meansAlike(figures: RealModelFigures): Claim {
  const { bytes, metrics } = variantOf(figures, 'USE-lite', 'dynamic');
  const cosine = metricOf(metrics, 'cosine');
  return {
    claim: 'USE-lite, dynamic: cosine to the float embeddings at least 0.99',
    measured: `${cosine.value.toFixed(5)} on ${cosine.samples} sentences, ${bytes!.ratio.toFixed(2)}x smaller`,
    holds: cosine.value >= 0.99,
  };
}

function variantOf({ variants }: RealModelFigures, model: string, variant: string): VariantResult {
  const found = variants.find((result) => result.model === model && result.variant === variant);
  if (!found?.metrics) throw new Error(`${model}, ${variant}: expected figures, received ${found?.refused ?? 'none'}`);
  return found;
}

function metricOf(metrics: readonly MetricResult[] | undefined, name: string): MetricResult {
  const found = metrics?.find(({ metric }) => metric === name);
  if (!found) throw new Error(`expected the metric ${name}, received none`);
  return found;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
