import { type Command, type Option } from 'commander';
import type { RunCommand } from './command-context.js';
import { parseLayerBudget } from './parse-layer-budget.js';
import { count, number } from './parse-numbers.js';

type Flags = Readonly<Record<string, unknown>>;
type Add = (name: string, description: string, examples: readonly string[]) => Command;

const list = (value: string): string[] => value.split(',').filter((item) => item !== '');

/** `factorize`; `shared`: options that other commands have too. */
export function addFactorize(add: Add, run: RunCommand, shared: readonly Option[]): void {
  const command = add('factorize', 'Writes layers as products of smaller ones, where bytes and MACs both fall.', [
    'factorize model.onnx -o small.onnx --energy 0.95',
    'factorize model.onnx -o small.onnx --method whitened-svd --energy 0.99 --data npz:train.npz --refit',
    "factorize model.onnx -o small.onnx --budget 40% --data npz:train.npz      # of the layers' bytes; macs:40%",
    'factorize cnn.onnx -o small.onnx --method tucker-2 --include Conv --energy 0.9',
    'factorize model.onnx -o small.onnx --sensitivity 1e-3 --data npz:train.npz --accuracy top1:0.005 --eval-data npz:dev.npz',
    'factorize whisper-tiny -o whisper-thin --energy 0.9      # a folder as transformers.js opens it',
  ])
    .argument('<model>', 'an ONNX or .gsm file, a folder of ONNX files, or the model.json of a TF.js model')
    .requiredOption('-o, --output <file>', 'the ONNX file (or folder) to write')
    .option(
      '--method <name>',
      'svd, whitened-svd, sparse-low-rank, tucker-2, cp or spatial (default whitened-svd with --data, else svd)',
    )
    .option('--rank <n>', 'the rank of every layer', count)
    .option('--energy <share>', "share of a layer's energy that is kept (default 0.99)", number)
    .option('--budget <share>', 'of what the layers take together: 50% (bytes) or macs:40%', parseLayerBudget)
    .option(
      '--sensitivity <power>',
      "what a layer alone may change of the outputs' power, e.g. 1e-3 (needs --data)",
      number,
    )
    .option('--refit', "solve each layer's last factor on what its inputs have become (needs --data)")
    .option('--round-to <n>', 'ranks are multiples of this (default 16; not of --rank)', count)
    .option('--density <share>', 'of the sparse part of sparse-low-rank (default 0.02)', number)
    .option('--accuracy <goal>', 'METRIC:MAXDROP, e.g. top1:0.005: nothing is written where the metric falls by more')
    .option('--eval-data <source>', 'labelled data that --accuracy is measured on')
    .option('--include <layers>', 'only these layers: ids, globs or operators, comma-separated', list)
    .option('--exclude <layers>', 'not these layers', list)
    .option('--data <source>', 'inputs to whiten with, to refit on, to measure errors on')
    .option('--samples <n>', 'most samples to use (default 128)', count)
    .option('--preprocess <file>', 'how images become inputs (JSON)');
  for (const option of shared) command.addOption(option);
  command.action((model: string, flags: Flags) =>
    run('factorize', flags, async (context) => (await import('./commands/factorize.js')).run(model, flags, context)),
  );
}
