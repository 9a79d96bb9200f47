import fsPromises from 'node:fs/promises';
import { GraphBuilder } from '@gossamer/graph';
import type { ExternalDataMode } from '@gossamer/graph/onnx';
import { OnnxModel } from '../onnx-model.js';

/** Calls that change what is on the disk. */
const CALLS = ['mkdir', 'open', 'rename', 'unlink', 'rm'] as const;

/** A product with weights of this value. */
export function productOf(value: number) {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 32]);
  return g.output(g.op('MatMul', [x, g.weight('w', [32, 32], new Float32Array(1024).fill(value))]), 'y').model();
}

/** Saves through the gate and is killed before call number `at`: `path externalData at`. Without a kill it says how many there were. */
async function main(): Promise<void> {
  const [path, externalData, at] = process.argv.slice(2);
  let calls = 0;
  for (const name of CALLS) {
    const original = fsPromises[name] as (...args: unknown[]) => Promise<unknown>;
    Object.assign(fsPromises, {
      [name]: (...args: unknown[]) => {
        if (++calls === Number(at)) process.kill(process.pid, 'SIGKILL');
        return original(...args);
      },
    });
  }
  const options = { externalData: externalData as ExternalDataMode, force: true, verify: 'none' } as const;
  await new OnnxModel(productOf(2)).save(path!, options);
  process.stdout.write(String(calls));
}

// As the program itself: specs import this file too, under jest's arguments.
if (process.argv[1]?.endsWith('child.cjs')) {
  main().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
}
