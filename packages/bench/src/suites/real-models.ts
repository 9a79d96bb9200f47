import type { MetricResult } from '@gossamer/runtime';
import { GossamerError } from '@gossamer/graph';
import { noPeer, peerPython } from '../harness/peer.js';
import type { SuiteFindings, Table } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { catalogue } from '../real-models/catalogue.js';
import { realModelClaims } from '../real-models/claims.js';
import { describeMetric } from '../real-models/describe-metric.js';
import { judgeOriginal, measureVariant, type VariantResult } from '../real-models/measure-variant.js';
import { peerVariants } from '../real-models/peer-variants.js';

/** Every mode on every real model: does it load, how small, how good, how fast. */
export const realModels: Suite = {
  name: 'real-models',
  isTimed: true,
  about: 'optimizes and quantizes twelve real models in every mode and judges the files in stock ONNX Runtime',
  run: measureAll,
};

async function measureAll(context: SuiteContext): Promise<SuiteFindings> {
  const originals: Record<string, readonly MetricResult[]> = {};
  const variants: VariantResult[] = [];
  const tables: Table[] = [];
  const python = peerPython();
  for (const name of chosen(context.only)) {
    const model = await catalogue[name]!(context.scratch);
    context.say(`${name}: the float model`);
    const original = (originals[name] = await judgeOriginal(model, context));
    const results: VariantResult[] = [];
    for (const variant of model.variants) {
      context.say(`${name}: ${variant.name}`);
      results.push(await measureVariant(model, variant, context));
    }
    variants.push(...results);
    const peers = python === undefined ? [] : await peerVariants(model, python, context);
    tables.push({
      title: `${name}: ${model.samples}`,
      columns: [
        'variant',
        'bytes',
        'smaller',
        'quality',
        'faster (95 %)',
        'integer kernels',
        'float kernels',
        'made in',
      ],
      rows: [floatRow(original, results), ...[...results, ...peers].map(variantRow)],
    });
  }
  return {
    summary: summary(python),
    claims: realModelClaims({ originals, variants }),
    tables,
    data: { originals, variants },
  };
}

function summary(python: string | undefined): string {
  const peers =
    python === undefined
      ? `Peers were not measured: ${noPeer}.`
      : 'onnxruntime.quantization got the same calibration samples.';
  return [
    'Each file was made through the SDK with its full gate and then judged in stock onnxruntime-node. "faster" is the median of paired ratios to',
    'the float model, one thread, in processor time, with its 95 % bootstrap interval. Kernels are counted in the graph that ONNX Runtime',
    `optimised at load. ${peers}`,
  ].join('\n');
}

function chosen(only: readonly string[] | undefined): readonly string[] {
  const names = Object.keys(catalogue);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new GossamerError('ERR_SUITE', `only: expected some of ${names.join(', ')}, received ${unknown}`);
  }
  return only ?? names;
}

function floatRow(metrics: readonly MetricResult[], [first]: readonly VariantResult[]): string[] {
  return ['float', String(first?.bytes?.before ?? ''), '', metrics.map(describeMetric).join(', '), '', '', '', ''];
}

function variantRow(result: VariantResult): string[] {
  const { variant, refused, bytes, metrics = [], latency, fusedKernels, floatKernels, makeSeconds } = result;
  if (refused !== undefined || !bytes) return [variant, '', '', `refused: ${refused}`, '', '', '', ''];
  return [
    variant,
    String(bytes.after),
    `${bytes.ratio.toFixed(2)}x`,
    metrics.map(describeMetric).join(', '),
    latency ? `${latency.cpu.ratio.toFixed(2)}x (${latency.cpu.low.toFixed(2)}-${latency.cpu.high.toFixed(2)})` : '',
    describeKernels(fusedKernels),
    describeKernels(floatKernels),
    makeSeconds === undefined ? '' : `${makeSeconds.toFixed(2)} s`,
  ];
}

function describeKernels(kernels: Readonly<Record<string, number>> | undefined): string {
  return kernels === undefined
    ? ''
    : Object.entries(kernels)
        .map(([op, count]) => `${count} ${op}`)
        .join(', ') || 'none';
}
