import { GossamerError, type Model } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { bert, mobileNetV2, resNet50 } from '@gossamer/graph/zoo';
import { join } from 'node:path';
import { noPeer, peerPython } from '../harness/peer.js';
import type { SuiteFindings } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { speedClaims } from '../speed/claims.js';
import { type Made, measureCase, type SpeedCase, type SpeedResult } from '../speed/measure-case.js';

interface ZooModel {
  readonly build: () => Model;
  readonly cases: readonly SpeedCase[];
}

const staticMinMax: SpeedCase = { name: 'static', ours: ['--mode', 'static'], peer: ['static'], needsData: true };
const staticEntropy: SpeedCase = {
  name: 'static, entropy',
  ours: ['--mode', 'static', '--calibrate', 'entropy'],
  peer: ['static', '--calibrate', 'entropy'],
  needsData: true,
};

/** The published shapes with random weights: speed and memory are real, quality is not measured. */
const zoo: Readonly<Record<string, ZooModel>> = {
  'ResNet-50': { build: resNet50, cases: [staticMinMax, staticEntropy] },
  MobileNetV2: { build: mobileNetV2, cases: [staticMinMax, staticEntropy] },
  'BERT-base': {
    build: bert,
    cases: [
      staticMinMax,
      { name: 'dynamic', ours: ['--mode', 'dynamic'], peer: ['dynamic'], needsData: false },
      {
        name: '4-bit RTN',
        ours: ['--mode', 'weight-only', '--bits', '4', '--mapping', 'symmetric', '--block-size', '32'],
        peer: ['nbits', '--block-size', '32'],
        needsData: false,
      },
    ],
  },
};

/** Making and running quantized files against onnxruntime.quantization, on one machine in one run. */
export const speedVersusOrt: Suite = {
  name: 'speed-vs-ort',
  isTimed: true,
  about:
    'ResNet-50, MobileNetV2 and BERT-base: time and memory of quantizing, speed of the result, beside onnxruntime.quantization',
  run: measureAll,
};

async function measureAll(context: SuiteContext): Promise<SuiteFindings> {
  const python = peerPython();
  if (python === undefined) context.say(`the peer is skipped: ${noPeer}`);
  const results: SpeedResult[] = [];
  for (const name of chosen(context.only)) {
    const { build, cases } = zoo[name]!;
    const path = join(context.scratch, `${name}.onnx`);
    await saveModel(build(), path, { fsync: false });
    results.push(...(await measureCase({ name, path, python, cases }, context)));
  }
  return {
    summary: summary(python),
    claims: speedClaims(results, python === undefined ? noPeer : undefined),
    tables: [makingTable(results), resultTable(results)],
    data: { results },
  };
}

function summary(python: string | undefined): string {
  const peer =
    python === undefined
      ? `The peer was not measured: ${noPeer}.`
      : 'The peer is onnxruntime.quantization with per-channel int8 weights, on the file its own quant_pre_process made, whose cost is not counted.';
  return [
    'Each file is made in a fresh process, the two tools in turns, three times each; medians. "process" is the whole of it, start and imports included;',
    '"work" is the time that each tool measures of itself behind its imports; "CPU" is processor time of the whole.',
    'Gossamer writes without its gate (--verify none), whose cost stands apart. Static modes calibrate on the same 32 random samples, from files. Memory',
    `is the highest resident set of the process. ${peer} Results are timed in stock onnxruntime-node, one thread, in pairs; intervals are 95 % bootstraps.`,
  ].join('\n');
}

function chosen(only: readonly string[] | undefined): readonly string[] {
  const names = Object.keys(zoo);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new GossamerError('ERR_SUITE', `only: expected some of ${names.join(', ')}, received ${unknown}`);
  }
  return only ?? names;
}

function makingTable(results: readonly SpeedResult[]) {
  const seconds = (value: number | undefined) => (value === undefined ? '' : value.toFixed(2));
  const megabytes = (value: number | undefined) => (value === undefined ? '' : value.toFixed(0));
  const rows = results.flatMap(({ model, mode, ours, peer, gate }) => {
    const cells = (made: Made) => [
      seconds(made.seconds),
      seconds(made.workSeconds),
      seconds(made.cpuSeconds),
      megabytes(made.peakRssMb),
    ];
    const gated = [seconds(gate.seconds), megabytes(gate.peakRssMb)];
    const lines = [[model, mode, 'Gossamer', ...cells(ours), ...gated]];
    if (!peer) return lines;
    const times = (a: number, b: number) => `${(a / b).toFixed(2)}x`;
    return [
      ...lines,
      [model, mode, 'onnxruntime.quantization', ...cells(peer), '', ''],
      [
        model,
        mode,
        'less',
        times(peer.seconds, ours.seconds),
        times(peer.workSeconds, ours.workSeconds),
        times(peer.cpuSeconds, ours.cpuSeconds),
        times(peer.peakRssMb, ours.peakRssMb),
        '',
        '',
      ],
    ];
  });
  const columns = ['model', 'mode', 'tool', 'process s', 'work s', 'CPU s', 'peak MB', 'gate s', 'gate MB'];
  return { title: 'Making the file', columns, rows };
}

function resultTable(results: readonly SpeedResult[]) {
  const kernels = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([op, count]) => `${count} ${op}`)
      .join(', ');
  const ratio = (pair: { ratio: number; low: number; high: number }) =>
    `${pair.ratio.toFixed(3)}x (${pair.low.toFixed(3)}-${pair.high.toFixed(3)})`;
  return {
    title: 'The result in stock ONNX Runtime',
    columns: [
      'model',
      'mode',
      'bytes ours',
      'bytes peer',
      'kernels ours',
      'kernels peer',
      'ours faster than peer',
      'in CPU time',
      'faster than float',
    ],
    rows: results.map(({ model, mode, ours, peer, toPeer, toFloat }) => [
      model,
      mode,
      String(ours.bytes),
      peer ? String(peer.bytes) : '',
      kernels(ours.fusedKernels),
      peer ? kernels(peer.fusedKernels) : '',
      toPeer ? ratio(toPeer) : '',
      toPeer ? ratio(toPeer.cpu) : '',
      ratio(toFloat.cpu),
    ]),
  };
}
