import { type Command, type Option } from 'commander';
import type { RunCommand } from './command-context.js';
import { count, number } from './parse-numbers.js';
import { parseThreshold } from './parse-threshold.js';
import { parseWidths } from './parse-widths.js';
import { addLoopOptions, addTeacherOptions } from './training-commands.js';

type Flags = Readonly<Record<string, unknown>>;
type Add = (name: string, description: string, examples: readonly string[]) => Command;

const pattern = (value: string): string | string[] => (value.includes(',') ? list(value) : value);

const list = (value: string): string[] => value.split(',').filter((item) => item !== '');

/** `prune`; `shared`: options that other commands have too. */
export function addPrune(add: Add, run: RunCommand, shared: readonly Option[]): void {
  const command = add('prune', 'Takes weights out; every layer left alone is named with its reason.', [
    'prune model.onnx -o sparse.onnx --sparsity 0.8',
    'prune model.onnx --threshold sigma:0.5 --preview      # the share of every layer that is smaller; nothing is written',
    'prune model.onnx -o sparse.onnx --pattern 12:64 --criterion wanda --data npz:train.npz',
    'prune lm.onnx -o sparse.onnx --pattern 2:4 --update sparsegpt --data npz:train.npz',
    'prune cnn.onnx -o thin.onnx --pattern channel --sparsity 0.5 --criterion taylor --data npz:train.npz --finetune 5 --distill',
    'prune bert.onnx -o thin.onnx --pattern head,ffn --sparsity 0.3 --allocation sensitivity --data npz:train.npz',
    'prune cnn.onnx -o sparse.gsm --sparsity 0.9 --allocation sensitivity --samples 64 --data npz:train.npz',
    'prune model.onnx -o sparse.onnx --pattern block:1x4 --sparsity 0.7 --allocation erk --exclude "head*"',
    'prune model.onnx -o sparse.onnx --sparsity 0.5 --data npz:train.npz --accuracy top1:0.005 --eval-data npz:dev.npz',
    'prune cnn.onnx -o sparse.onnx --sparsity 0.9 --finetune 3 --rounds 4 --distill --data npz:train.npz --run runs/a      # goes on there',
    'prune lm.onnx -o sparse.onnx --sparsity 0.9 --finetune 5 --sparsifier movement --distill --data npz:train.npz',
    'prune whisper-tiny -o whisper-sparse --pattern 2:4      # a folder as transformers.js opens it',
  ])
    .argument('<model>', 'an ONNX or .gsm file, a folder of ONNX files, or the model.json of a TF.js model')
    .option('-o, --output <file>', 'the file (or folder) to write')
    .option('--preview', 'only say which share of every layer would go')
    .option(
      '--pattern <names>',
      'elements become 0: unstructured (default), N:M (2:4), maxN:M (max16:64), block:AxB (block:1x4); or structure goes, one or several: channel, neuron, ffn, head, unit, layer',
      pattern,
    )
    .option(
      '--sparsity <share>',
      'of the weights that become 0 (none with N:M), of structure the share of MACs that goes',
      number,
    )
    .option('--of <what>', 'what --sparsity of structure is a share of: macs (default) or parameters')
    .option(
      '--widths <list>',
      'in the place of --sparsity: what stays of groups of structure, e.g. conv1=16,layer*=32',
      parseWidths,
    )
    .option(
      '--grid <name>',
      'widths that structure keeps: what ONNX Runtime runs well in float (default) or int8, or none',
    )
    .option('--allow-inexact', 'also structure whose removal is not the same as setting it to 0')
    .option(
      '--criterion <name>',
      'how important it is. Weights: magnitude (default), lamp; by inputs (--data) wanda, obs; by gradients (--data) taylor, snip, grasp, fisher, woodfisher. Structure: magnitude-l2 (default) and others, which an unknown name lists',
    )
    .option(
      '--threshold <limit>',
      'in the place of --sparsity: what is smaller goes: 0.01, sigma:0.5 (standard deviations of the layer), quantile:0.8',
      parseThreshold,
    )
    .option(
      '--update <name>',
      'what stays makes up for what goes (--data): obs or sparsegpt, of each layer; woodfisher, of the loss (default none)',
    )
    .option(
      '--allocation <how>',
      'global (one threshold), uniform (the same share of each layer), sensitivity (by the measured change of outputs); row or erk of elements',
    )
    .option('--accuracy <goal>', 'METRIC:MAXDROP, e.g. top1:0.005: nothing is written where the metric falls by more')
    .option('--eval-data <source>', 'labelled data that --accuracy is measured on')
    .option('--include <layers>', 'only these layers: ids, globs or operators, comma-separated', list)
    .option('--exclude <layers>', 'not these layers', list)
    .option(
      '--data <source>',
      'samples for criteria and updates that look at inputs or gradients (labels in them, else the model draws them)',
    )
    .option('--samples <n>', 'most samples to use (default 128; 512 for gradients)', count)
    .option('--preprocess <file>', 'how images become inputs (JSON)');
  for (const option of shared) command.addOption(option);
  addRecovery(command);
  command.action((model: string, flags: Flags) =>
    run('prune', flags, async (context) => (await import('./commands/prune.js')).pruneModel(model, flags, context)),
  );
}

/** What trains the pruned model on. */
function addRecovery(command: Command): void {
  command
    .optionsGroup('Recovery (--finetune):')
    .option('--finetune <epochs>', 'train on for so many epochs of --data behind the pruning; zeros stay zeros', count)
    .option('--rounds <n>', 'prune in so many rounds with a training behind each (default 1)', count)
    .option(
      '--sparsifier <name>',
      'weights go in the course of the training: gradual (the smallest, along a cubic), movement (those that move to 0; with --distill), rigl (places are exchanged)',
    )
    .option('--distill', 'learn what the given model says, too')
    .option('--limit <n>', 'of --data use the first N samples', count);
  addLoopOptions(addTeacherOptions(command), false);
}
