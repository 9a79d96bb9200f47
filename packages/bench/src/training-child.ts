import { createInterface } from 'node:readline';
import type { TrainingEngine } from '@gossamer/train';
import { StepRunner } from './training/step-runner.js';

// The process of one engine (`ort+blocked`: in its blocked layout) in the suite training-steps: as many steps as each line says, then their milliseconds and losses.
const [net, engine = '', threads = '1'] = process.argv.slice(2);
const say = (document: object) => process.stdout.write(`${JSON.stringify(document)}\n`);

async function serve(net: string): Promise<void> {
  const [kind, layout] = engine.split('+');
  const runner = await StepRunner.open(net, kind as TrainingEngine, Number(threads), layout === 'blocked');
  say({ name: engine });
  for await (const line of createInterface({ input: process.stdin })) say(await runner.run(Number(line)));
}

// Without a net there is nothing to train: somebody loads the entry alone.
if (net !== undefined) {
  serve(net).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
}
