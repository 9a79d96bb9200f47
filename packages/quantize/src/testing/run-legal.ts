import type { Tensor } from '@gossamer/graph';
import { Session } from '@gossamer/runtime';
import { LEGAL, type LegalRow } from '../legality/legal.js';
import { type Combination, combinations } from '../legality/nearest-legal.js';
import { quantize } from '../quantize.js';
import { legalNetwork, legalOptions } from './legal-network.js';
import { optimizedOps, runOrt, sqnr } from './ort.js';

/** A combination of the table. */
export interface LegalCase {
  readonly row: LegalRow;
  readonly combination: Combination;
}

/** Cases of the rows that hold for ONNX Runtime on CPU, with titles. */
export function legalCases(filter: (row: LegalRow) => boolean): [string, LegalCase][] {
  return LEGAL.filter((row) => row.targets.includes('onnxruntime') && filter(row)).flatMap((row) =>
    Array.from(combinations(row), (combination): [string, LegalCase] => {
      const { mode, form, weights, activations, granularity } = combination;
      const title = `${mode} ${form} ${weights} x ${activations} ${granularity} (${row.kinds.join(', ')})`;
      return [title, { row, combination }];
    }),
  );
}

/** Operators that compute or look up in float. */
const FLOAT_OPS = ['MatMul', 'Gemm', 'FusedGemm', 'FusedMatMul', 'Conv', 'FusedConv', 'LSTM', 'Gather'];

/** What became of a network of all kinds of the row. */
export interface LegalOutcome {
  /** Ids of layers that were left alone. */
  readonly left: readonly string[];
  /** Least signal-to-noise ratio of an output, dB: ONNX Runtime, and the native engine where the row has it. */
  readonly quality: number;
  readonly nativeQuality: number | undefined;
  /** Operators that still compute in float once ONNX Runtime has opened the model; of rows on codes. */
  readonly floatOps: readonly string[];
}

/** Quantizes and runs a case. */
export async function runLegal({ row, combination }: LegalCase): Promise<LegalOutcome> {
  const { model, feeds } = legalNetwork(row.kinds);
  const hasNative = row.targets.includes('native');
  const options = legalOptions(combination, feeds);
  // Where nothing reads codes both engines have the same forms.
  const target = row.runs === 'floats' && hasNative ? 'native' : 'onnxruntime';
  const { model: result, report } = await quantize(model, { ...options, target });
  const before = await runOrt(model, feeds);
  const worst = (after: Readonly<Record<string, Tensor>>) =>
    Object.keys(before).reduce((least, name) => Math.min(least, sqnr(before[name]!, after[name]!)), Infinity);
  const ops = row.runs === 'codes' ? await optimizedOps(result) : {};
  let nativeQuality: number | undefined;
  if (hasNative) {
    const native = target === 'native' ? result : (await quantize(model, { ...options, target: 'native' })).model;
    const session = await Session.open(native, { engine: 'native' });
    nativeQuality = worst(await session.run(feeds));
    await session.dispose();
  }
  return {
    left: report.layers.filter(({ action, op }) => action === 'left-float' && op !== 'Relu').map(({ name }) => name),
    quality: worst(await runOrt(result, feeds)),
    nativeQuality,
    floatOps: FLOAT_OPS.filter((op) => ops[op] !== undefined),
  };
}
