import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { pairedLatency, type PairedLatency } from '../harness/paired-latency.js';
import type { Claim } from '../harness/suite-result.js';
import type { SuiteContext } from '../harness/suite.js';
import type { PartFindings } from '../harness/suite-of-parts.js';
import { numbers, stack, STACK_SIDE } from './conv-stack.js';
import { ratioText } from './pair-text.js';

/** Convolutions of one width, one behind the other: as many multiply-accumulates a pixel as widths squared. */
const LAYERS = 6;

/** A width of the grid, and two around it whose mean cost is the same or less: what pruning by scores alone ends at. */
const PAIRS = [
  { aligned: 32, odd: 29 },
  { aligned: 48, odd: 45 },
  { aligned: 64, odd: 61 },
  { aligned: 64, odd: 57 },
] as const;

/** Equal multiply-accumulates: layers whose widths alternate about that of the grid. */
const EQUAL = [
  { aligned: 32, low: 31, high: 33 },
  { aligned: 48, low: 45, high: 51 },
  { aligned: 64, low: 61, high: 67 },
] as const;

interface Row {
  readonly aligned: string;
  readonly odd: string;
  /** Multiply-accumulates of the odd net over those of the aligned one. */
  readonly macs: number;
  readonly timed: PairedLatency;
}

/** Nets of aligned widths beside nets of as many, or fewer, multiply-accumulates and widths between the multiples. */
export async function alignedWidths(context: SuiteContext): Promise<PartFindings> {
  const rows: Row[] = [];
  for (const { aligned, odd } of PAIRS) rows.push(await measure(context, constant(aligned), constant(odd)));
  for (const { aligned, low, high } of EQUAL) {
    const turns = Array.from({ length: LAYERS + 1 }, (_, i) => (i % 2 === 0 ? low : high));
    rows.push(await measure(context, constant(aligned), turns));
  }
  const equal = rows.slice(PAIRS.length);
  return {
    claims: [claim(equal)],
    tables: [
      {
        title: 'Aligned and unaligned widths: six convolutions 3x3 of 28 x 28 pixels',
        columns: ['aligned', 'unaligned', 'MACs of the unaligned', 'unaligned is slower by', 'in CPU time'],
        rows: rows.map(({ aligned, odd, macs, timed }) => [
          ...[aligned, odd, `${(100 * macs).toFixed(1)} %`],
          ...[ratioText(timed), ratioText(timed.cpu)],
        ]),
      },
    ],
    data: { widths: rows },
  };
}

const constant = (width: number): number[] => Array<number>(LAYERS + 1).fill(width);

async function measure(
  { scratch, signal }: SuiteContext,
  aligned: readonly number[],
  odd: readonly number[],
): Promise<Row> {
  const file = async (widths: readonly number[]) => {
    const path = join(scratch, `widths-${widths.slice(0, 2).join('-')}.onnx`);
    await saveModel(stack(widths), path, { fsync: false });
    return path;
  };
  const input = Tensor.of('float32', [1, 1, STACK_SIDE, STACK_SIDE], numbers(STACK_SIDE * STACK_SIDE, 1));
  const timed = await pairedLatency(await file(odd), await file(aligned), { input }, { signal });
  const name = (widths: readonly number[]) => [...new Set(widths)].join(', ');
  return { aligned: name(aligned), odd: name(odd), macs: products(odd) / products(aligned), timed };
}

const products = (widths: readonly number[]) =>
  widths.slice(1).reduce((sum, width, i) => sum + width * widths[i]!, widths[0]!);

function claim(rows: readonly Row[]): Claim {
  return {
    claim: 'at equal multiply-accumulates, widths of the grid are faster in ONNX Runtime than those between',
    measured: rows.map(({ aligned, odd, timed }) => `${odd} to ${aligned}: ${ratioText(timed.cpu)}`).join('; '),
    holds: rows.every(({ timed }) => timed.cpu.low > 1)
      ? true
      : rows.some(({ timed }) => timed.cpu.high < 1)
        ? false
        : 'undecided',
  };
}
