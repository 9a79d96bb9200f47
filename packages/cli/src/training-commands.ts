import { type Command, Option } from 'commander';
import { count, integer, number } from './parse-numbers.js';
import { ratios } from './parse-ratios.js';
import type { RunCommand } from './command-context.js';

type Flags = Readonly<Record<string, unknown>>;
type Add = (name: string, description: string, examples: readonly string[]) => Command;

/** Commands that train: from nothing, on, and from a teacher; and the search for their options. */
export function addTraining(add: Add, run: RunCommand): void {
  const train = add('train', 'Trains a known architecture from random weights.', [
    'train --arch lenet-5 -o lenet-5.onnx --data idx:train-images-idx3-ubyte,train-labels-idx1-ubyte --epochs 12',
    'train --arch mlp-784-300-10 -o mlp.onnx --data npz:digits.npz --epochs 20 --run runs/mlp',
    'train --arch tiny-lm -o lm.onnx --data npz:windows.npz --steps 882 --batch 32 --learning-rate 2e-3 --clip-norm 1',
  ]).requiredOption('--arch <name>', 'lenet-300-100, lenet-5, resnet-20, tiny-lm, or mlp-IN-...-OUT');
  addTrainingOptions(train).action((flags: Flags) =>
    run('train', flags, async (context) => (await import('./commands/train.js')).trainArchitecture(flags, context)),
  );
  const finetune = add('finetune', 'Trains a model on; nothing but its weights changes in the file.', [
    'finetune model.onnx -o tuned.onnx --data npz:train.npz --epochs 3 --learning-rate 1e-4',
    'finetune small.onnx -o tuned.onnx --data npz:train.npz --teacher model.onnx --alpha 0.9 --temperature 4',
    'finetune model.onnx -o tuned.onnx --data npz:train.npz --frozen "encoder.*" --batch-norm frozen --patience 3',
    'finetune sparse.onnx -o tuned.onnx --data npz:train.npz --preserve zeros',
    'finetune model.onnx -o tuned.onnx --data npz:train.npz --run runs/a      # goes on there after an interruption',
  ])
    .argument('<model>', 'an ONNX file')
    .option('--teacher <files...>', 'a model, or several together, that the model also learns from')
    .addOption(
      new Option('--preserve <what>', 'zeros: weights that are 0 stay 0 (default none)').choices(['zeros', 'none']),
    );
  addTeacherOptions(addTrainingOptions(finetune)).action((model: string, flags: Flags) =>
    run('finetune', flags, async (context) =>
      (await import('./commands/train.js')).finetuneModel(model, flags, context),
    ),
  );
  const distill = add('distill', 'Trains a student to say what a teacher says.', [
    'distill --teacher large.onnx --student small.onnx -o taught.onnx --data npz:train.npz --epochs 10',
    'distill --teacher a.onnx b.onnx --student small.onnx -o taught.onnx --data npz:unlabelled.npz --temperature 8',
    'distill --teacher large.onnx --student small.onnx -o taught.onnx --data npz:train.npz --distillation decoupled',
    'distill --teacher large.onnx --student thinner:0.5 -o half.onnx --data npz:train.npz --epochs 10',
    'distill --teacher large.onnx --student thinner:0.5 -o taught.onnx --data-free gan --steps 5000 --input-mean 0.13 --input-deviation 0.31',
  ])
    .requiredOption('--teacher <files...>', 'a model, or several together')
    .requiredOption(
      '--student <student>',
      'the model that learns: a file, or made of the teacher: thinner:0.5, shallower, shallower:2 (blocks kept), low-rank:0.25',
    );
  addDataFreeOptions(addTeacherOptions(addTrainingOptions(distill, { needsData: false }))).action(
    (flags: Flags, command: Command) => {
      if (flags['dataFree'] === undefined && flags['data'] === undefined) {
        command.error("error: required option '--data <source>' not specified");
      }
      return run('distill', flags, async (context) =>
        flags['dataFree'] === undefined
          ? (await import('./commands/train.js')).distillModel(flags, context)
          : (await import('./commands/distill-data-free.js')).distillWithoutData(flags, context),
      );
    },
  );
  addTuning(add, run);
}

const SPACE_HELP = `
space.json: {"learningRate": {"kind": "log-uniform", "low": 1e-4, "high": 1e-1}, "batch": {"kind": "choice", "values": [32, 128]}}`;

function addTuning(add: Add, run: RunCommand): void {
  const tune = add('tune', 'Searches options of training by cross-validation.', [
    'tune --arch lenet-300-100 --data npz:digits.npz --space space.json --trials 30 --epochs 5 --run runs/search',
    'tune model.onnx --data npz:train.npz --space space.json --search halving --epochs 27 --folds 5',
  ])
    .addHelpText('after', SPACE_HELP)
    .argument('[model]', 'an ONNX file; or --arch')
    .option('--arch <name>', 'lenet-300-100, lenet-5, resnet-20, tiny-lm, or mlp-IN-...-OUT')
    .requiredOption(
      '--space <file>',
      'what is searched (JSON): uniform, log-uniform, int or choice by name of the option',
    )
    .addOption(
      new Option('--search <name>', 'how the next trial is found').choices(['tpe', 'random', 'halving']).default('tpe'),
    )
    .option('--trials <n>', 'most trials (default 20; with halving as --epochs gives)', count)
    .option('--folds <k>', 'parts of the data, each held out in turn (default 3)', count);
  addUpdateOptions(addDataOption(tune)).action((model: string | undefined, flags: Flags) =>
    run('tune', flags, async (context) => (await import('./commands/tune.js')).tuneOptions(model, flags, context)),
  );
}

/** What the model learns from a teacher. */
export function addTeacherOptions(command: Command): Command {
  return command
    .option('--alpha <share>', 'share of the teacher against the labels (default 0.9; 1 without labels)', number)
    .option('--temperature <t>', 'of the soft targets (default 4; 1 with --data-free)', number)
    .addOption(
      new Option('--distillation <loss>', 'how logits are compared (default hinton)').choices([
        'hinton',
        'decoupled',
        'correlation',
        'logit-mse',
        'hard-labels',
      ]),
    )
    .option('--teacher-engine <name>', 'ort, native, auto or reference (default ort)');
}

function addDataFreeOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--data-free <generator>',
        'samples that a generator makes, of the teacher alone or with --data of a few real ones',
      ).choices(['gan', 'vae']),
    )
    .option('--input-mean <m>', 'of the inputs that the teacher was trained on, without --data (default 0)', number)
    .option('--input-deviation <d>', 'standard deviation of those inputs (default 1)', number)
    .option('--generator-output <file>', 'also write the generator: codes in, samples out')
    .option(
      '--generator-learning-rate <rate>',
      "the generator's rate (default 0.02 without --data, else 0.001)",
      number,
    )
    .option('--adversarial <w>', "weight of the student's disagreement, without --data (default 1)", number);
}

function addTrainingOptions(command: Command, { needsData = true } = {}): Command {
  const output = command.requiredOption('-o, --output <file>', 'the file to write');
  return addLoopOptions(addDataOption(output, needsData)).addOption(
    new Option('--verify <level>', 'what the gate proves').choices(['load', 'full', 'none']).default('full'),
  );
}

/** How a model is trained, whatever it learns; `hasEpochs`: by --epochs. */
export function addLoopOptions(command: Command, hasEpochs = true): Command {
  return addUpdateOptions(command, hasEpochs)
    .option('--steps <n>', 'updates, in place of --epochs', count)
    .option('--validation <n>', 'samples held out and measured; 0: none (default: a tenth, at most 5000)', integer)
    .option('--patience <n>', 'epochs without a better measurement after which training stops', count)
    .option('--blocked-layout', "on engine ort: convolutions in ONNX Runtime's internal blocked layout")
    .option('--checkpoint-every <n>', 'updates between checkpoints in --run (default 1000)', count);
}

function addDataOption(command: Command, isRequired = true): Command {
  const data = new Option('--data <source>', 'samples with labels or targets; some are held out');
  return command
    .addOption(data.makeOptionMandatory(isRequired))
    .option('--limit <n>', 'use the first N samples', count)
    .option('--preprocess <file>', 'how images become inputs (JSON)');
}

/** What decides an update, and what is measured. */
function addUpdateOptions(command: Command, hasEpochs = true): Command {
  const list = (value: string) => value.split(',').filter((item) => item !== '');
  if (hasEpochs) command.option('--epochs <n>', 'passes over the data (default 1)', count);
  return command
    .option('--batch <n>', 'samples of a batch (default 128)', count)
    .option('--accumulate <n>', 'batches whose gradients make one update (default 1)', count)
    .option('--optimizer <name>', 'sgd, momentum, nesterov, rmsprop, adam, amsgrad, adamw or lion (default adamw)')
    .option('--learning-rate <r>', "the highest rate (default: the optimiser's)", number)
    .option('--schedule <name>', 'constant, step, cosine or one-cycle (default cosine)')
    .option('--warm-up <share>', 'share of the updates in which the rate rises (default 0)', number)
    .option('--weight-decay <r>', "of matrices and kernels (default: the optimiser's)", number)
    .option('--momentum <m>', 'of the optimisers that have one (default 0.9)', number)
    .option('--clip-norm <n>', 'largest norm of all gradients together (default: none)', number)
    .addOption(
      new Option('--loss <name>', 'default: what the data are').choices(['cross-entropy', 'mean-squared-error']),
    )
    .option('--label-smoothing <s>', 'in [0, 1) (default 0)', number)
    .option('--metric <name>', 'what is measured on them (default top1, perplexity or mean-squared-error)')
    .addOption(new Option('--batch-norm <mode>', 'default train').choices(['train', 'frozen']))
    .option(
      '--dropout <ratios>',
      'in training, before nodes (names, operators or globs), e.g. fc1=0.3,Gemm=0.5',
      ratios,
    )
    .option('--trainable <names>', 'initializers that are trained: names or globs (default: all weights)', list)
    .option('--frozen <names>', 'initializers that stay: names or globs', list)
    .option(
      '--bind <sizes>',
      'sizes of symbolic dimensions beside the batch, e.g. seq=128 (prune: MACs are counted at them, too)',
    )
    .option('--engine <name>', 'auto, native, ort, tfjs or reference (default auto)')
    .option('--workers <n>', 'worker threads that share each batch (default 1)', count)
    .option(
      '--shards <n>',
      'equal parts of a batch; results depend on them, not on the workers (default: workers)',
      count,
    );
}
