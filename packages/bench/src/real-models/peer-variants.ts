import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isGossamerError } from '@gossamer/graph';
import { Session } from '@gossamer/runtime';
import { runPeer } from '../harness/peer.js';
import type { SuiteContext } from '../harness/suite.js';
import { writeSamples } from '../harness/write-npy.js';
import { judgeFile, shortReason, type VariantResult } from './measure-variant.js';
import type { RealModel } from './real-model.js';

interface PeerVariant {
  readonly name: string;
  readonly args: readonly string[];
  readonly needsData?: boolean;
}

/**
 * What onnxruntime.quantization is asked to do: with the file as it ships, and with what a user would find out to help it. Not its entropy
 * and percentile calibrators: they keep every activation of all samples, then fail on lines of different widths ("inhomogeneous shape").
 */
const variants: Readonly<Record<string, readonly PeerVariant[]>> = {
  'PP-OCRv4 rec': [
    { name: 'quantize_static as shipped', args: ['static'], needsData: true },
    {
      name: 'quantize_static, Constants to initializers, opset 13',
      args: ['static', '--constants-to-initializers', '--opset', '13'],
      needsData: true,
    },
  ],
  'Silero VAD v5': [
    { name: 'quantize_dynamic as shipped', args: ['dynamic'] },
    {
      name: 'quantize_dynamic, Constants to initializers, EnableSubgraph',
      args: ['dynamic', '--constants-to-initializers', '--subgraphs'],
    },
  ],
};

/** Judges what onnxruntime.quantization makes of a model, on the same data; nothing for models it is not asked about. */
export async function peerVariants(model: RealModel, python: string, context: SuiteContext): Promise<VariantResult[]> {
  const results: VariantResult[] = [];
  const wanted = variants[model.name] ?? [];
  const calibration = wanted.some(({ needsData }) => needsData) ? await writeCalibration(model, context) : undefined;
  for (const { name, args, needsData } of wanted) {
    context.say(`${model.name}: onnxruntime.quantization, ${name}`);
    const out = join(context.scratch, 'peer.onnx');
    const names = { model: model.name, variant: `onnxruntime.quantization: ${name}` };
    const [mode, ...more] = args as [string, ...string[]];
    const all = [mode, model.path, out, ...more, ...(needsData ? ['--calibration', calibration!] : [])];
    try {
      const { seconds } = await runPeer(python, all, { signal: context.signal });
      results.push({ ...names, makeSeconds: seconds, ...(await judgeFile(model, out, context)) });
    } catch (error) {
      if (!isGossamerError(error)) throw error;
      results.push({ ...names, refused: shortReason(error.message.split('\n').at(-1)!, context) });
    }
  }
  return results;
}

async function writeCalibration(model: RealModel, { scratch }: SuiteContext): Promise<string> {
  const folder = join(scratch, 'calibration');
  mkdirSync(folder, { recursive: true });
  const session = await Session.open(model.path);
  try {
    await writeSamples(model.calibration, session.inputs, folder, 128);
  } finally {
    await session.dispose();
  }
  return folder;
}
