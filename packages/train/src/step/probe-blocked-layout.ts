import { GraphBuilder, isGossamerError, type Model, Tensor } from '@gossamer/graph';
import { Session } from '@gossamer/runtime';
import { useBlockedLayout } from './blocked-layout.js';

/** Channels of a block with AVX-512, and without. */
const BLOCKS = [16, 8];
const CHANNELS = 16;
/** Sums of 144 products of numbers below 1: 2^-24 * 144 and some. */
const TOLERANCE = 1e-4;

let probed: Promise<number | undefined> | undefined;

/** Channels of a block of ONNX Runtime's internal layout on this machine, found by a convolution that must give what Conv gives; undefined: none does. */
export function probeBlockedLayout(): Promise<number | undefined> {
  return (probed ??= probe());
}

async function probe(): Promise<number | undefined> {
  const feeds = { x: waves([2, CHANNELS, 6, 5], 0), w: waves([CHANNELS, CHANNELS, 3, 3], 1) };
  const expected = await run(convolution(), feeds);
  for (const block of BLOCKS) {
    const model = convolution();
    useBlockedLayout(model, block);
    try {
      const received = await run(model, feeds);
      if (received.every((value, i) => Math.abs(value - expected[i]!) <= TOLERANCE)) return block;
    } catch (error) {
      if (!isGossamerError(error)) throw error;
    }
  }
  return undefined;
}

function convolution(): Model {
  const g = new GraphBuilder('probe', { opset: 21 });
  const x = g.input('x', 'float32', [2, CHANNELS, 6, 5]);
  const w = g.input('w', 'float32', [CHANNELS, CHANNELS, 3, 3]);
  const y = g.op('Conv', [x, w], { pads: [1, 1, 1, 1], strides: [2, 1], kernel_shape: [3, 3] });
  return g.output(g.op('Relu', [y]), 'y').model();
}

async function run(model: Model, feeds: Readonly<Record<string, Tensor>>): Promise<Float32Array> {
  const session = await Session.open(model, { engine: 'ort', threads: 1 });
  try {
    return (await session.run(feeds))['y']!.toFloat32();
  } finally {
    await session.dispose();
  }
}

function waves(dims: readonly number[], phase: number): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  return Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7 + phase)),
  );
}
