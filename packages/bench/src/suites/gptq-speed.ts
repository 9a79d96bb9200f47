import { saveModel } from '@gossamer/graph/onnx';
import { bert } from '@gossamer/graph/zoo';
import { join } from 'node:path';
import { noPeer, peerPython } from '../harness/peer.js';
import type { Claim, SuiteFindings } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { measureCase, type SpeedCase, type SpeedResult } from '../speed/measure-case.js';

/** One amount of calibration data: samples of 128 tokens. */
interface Amount {
  readonly samples: number;
  readonly rounds: number;
  /** How many times faster than the peer it should be. */
  readonly wanted: number;
}

const amounts: readonly Amount[] = [
  { samples: 8, rounds: 3, wanted: 10 },
  { samples: 128, rounds: 1, wanted: 4 },
];
/** Share of the peer's memory that is allowed. */
const memoryShare = 1 / 3;

const symmetric = ['--mode', 'weight-only', '--weights', 'int4', '--block-size', '32'];
const ours = (algorithm: string): SpeedCase => ({
  name: algorithm,
  ours: [...symmetric, '--algorithm', algorithm],
  peer: ['gptq', '--block-size', '32'],
  needsData: true,
});

/** GPTQ of BERT-base beside the one of onnxruntime.quantization, which is run to its end. */
export const gptqSpeed: Suite = {
  name: 'gptq-speed',
  isTimed: true,
  about: 'GPTQ of BERT-base at 8 x 128 and 128 x 128 tokens: time and memory beside onnxruntime.quantization',
  run: measure,
};

async function measure(context: SuiteContext): Promise<SuiteFindings> {
  const python = peerPython();
  if (python === undefined) context.say(`the peer is skipped: ${noPeer}`);
  const path = join(context.scratch, 'bert.onnx');
  await saveModel(bert(), path, { fsync: false });
  const results: { amount: Amount; result: SpeedResult }[] = [];
  for (const amount of amounts) {
    const { samples, rounds } = amount;
    const name = `${samples} x 128 tokens`;
    if (context.only && !context.only.includes(name)) continue;
    const model = { name, path, python, cases: [ours('gptq')], samples, rounds };
    results.push({ amount, result: (await measureCase(model, context))[0]! });
  }
  return {
    summary: [
      'BERT-base, random weights; all 72 products with weights in 4 bits, symmetric, blocks of 32. Calibration: random tokens, the same for both tools. Each file is made in a fresh process, the tools in turns',
      `(${results.map(({ amount: { samples, rounds } }) => `${rounds} times with ${samples} samples`).join(', ')}); medians of whole processes. Gossamer writes without its gate (--verify none). Memory is the highest resident set of the`,
      "process. The peer takes every layer's inputs from the float model, Gossamer from the layers that are quantized already. Noise: outputs beside the float model's, on other random tokens.",
      python === undefined ? `The peer was not measured: ${noPeer}.` : '',
    ].join('\n'),
    claims: results.flatMap(({ amount, result }) => claims(amount, result, python)),
    tables: [table(results.map(({ result }) => result))],
    data: { results },
  };
}

function claims({ wanted }: Amount, { model, ours, peer }: SpeedResult, python: string | undefined): Claim[] {
  const texts = [`${model}: at least ${wanted} times as fast`, `${model}: at most a third of the memory`];
  if (!peer || python === undefined) return texts.map((claim) => ({ claim, measured: noPeer, holds: undefined }));
  const times = peer.seconds / ours.seconds;
  const share = ours.peakRssMb / peer.peakRssMb;
  return [
    {
      claim: texts[0]!,
      measured: `${times.toFixed(1)}x (CPU time ${(peer.cpuSeconds / ours.cpuSeconds).toFixed(1)}x)`,
      holds: times >= wanted,
    },
    { claim: texts[1]!, measured: `${(100 * share).toFixed(0)} %`, holds: share <= memoryShare },
  ];
}

function table(results: readonly SpeedResult[]) {
  const rows = results.flatMap(({ model, ours, peer, sqnrDb }) =>
    [
      { tool: 'Gossamer', made: ours, noise: sqnrDb.ours },
      { tool: 'onnxruntime.quantization', made: peer, noise: sqnrDb.peer },
    ].flatMap(({ tool, made, noise }) =>
      made
        ? [
            [
              ...[model, tool, made.seconds.toFixed(1), made.workSeconds.toFixed(1), made.cpuSeconds.toFixed(1)],
              ...[made.peakRssMb.toFixed(0), String(made.bytes), noise?.toFixed(2) ?? ''],
            ],
          ]
        : [],
    ),
  );
  const columns = ['data', 'tool', 'process s', 'work s', 'CPU s', 'peak MB', 'bytes', 'outputs, dB'];
  return { title: 'GPTQ of BERT-base', columns, rows };
}
