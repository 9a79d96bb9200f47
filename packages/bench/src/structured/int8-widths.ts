import { join } from 'node:path';
import { saveModel } from '@gossamer/graph/onnx';
import { quantize } from '@gossamer/quantize';
import { efficientGrid } from '@gossamer/prune';
import { median, openData } from '@gossamer/runtime';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { SuiteContext } from '../harness/suite.js';
import type { PartFindings } from '../harness/suite-of-parts.js';
import { numbers, stack, STACK_SIDE } from './conv-stack.js';

const STEP = 4;
const MOST = 128;
const LAYERS = 3;
const ROUNDS = 300;

/** What convolutions of each width cost in int8 in ONNX Runtime: the table behind the grid 'int8' (packages/prune/src/widths/int8-grid.ts). */
export async function int8Widths({ scratch, signal, onProgress }: SuiteContext): Promise<PartFindings> {
  const widths = Array.from({ length: MOST / STEP }, (_, i) => STEP * (i + 1));
  const sessions: InferenceSession[] = [];
  for (const width of widths) {
    signal.throwIfAborted();
    const float = stack(Array<number>(LAYERS + 1).fill(width));
    const { model } = await quantize(float, { mode: 'static', data: await openData('random:1', { seed: 0 }) });
    const path = join(scratch, `int8-${width}.onnx`);
    await saveModel(model, path, { fsync: false });
    sessions.push(await InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1 }));
  }
  const input = new Tensor('float32', numbers(STACK_SIDE ** 2, 1), [1, 1, STACK_SIDE, STACK_SIDE]);
  const times = widths.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    onProgress({ stage: 'int8 widths', done: round, total: ROUNDS });
    for (const [i, session] of sessions.entries()) {
      signal.throwIfAborted();
      const start = performance.now();
      await session.run({ input });
      times[i]!.push(1000 * (performance.now() - start));
    }
  }
  for (const session of sessions) await session.release();
  const costs = widths.map((width, i) => ({ width, cost: Math.round(median(times[i]!)) }));
  const grid = efficientGrid(costs, STEP);
  return {
    claims: [],
    tables: [
      {
        title: `int8 widths: ${LAYERS} convolutions 3x3 of ${STACK_SIDE} x ${STACK_SIDE} pixels, one thread, medians of ${ROUNDS}`,
        columns: ['width', 'us', 'us per thousand of width squared', 'the grid keeps'],
        rows: costs.map(({ width, cost }) => [
          ...[String(width), String(cost), ((1000 * cost) / width ** 2).toFixed(0), String(grid(width, MOST))],
        ]),
      },
    ],
    data: { int8Widths: costs },
  };
}
