import { Command, Option } from 'commander';
import type { GlobalOptions, RunCommand } from './command-context.js';
import { addFactorize } from './factorize-command.js';
import { count, integer } from './parse-numbers.js';
import { addPrune } from './prune-command.js';
import { addQuantize } from './quantize-command.js';
import { addTraining } from './training-commands.js';
import { version } from './version.js';

type Flags = Readonly<Record<string, unknown>>;

/** The command line. Each command's code is imported when it runs, so that `--help` answers at once. */
export function createProgram(run: RunCommand): Command {
  const program = new Command('gossamer')
    .description('Makes neural networks small and fast, from Node: ONNX in, a smaller, faster, proven ONNX out.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .showHelpAfterError(false)
    .addHelpText(
      'after',
      `
Examples:
  $ gossamer inspect model.onnx
  $ gossamer quantize model.onnx -o small.onnx --mode static --data npz:calibration.npz
  $ gossamer compare model.onnx small.onnx --data npz:test.npz
  $ gossamer demo

Exit codes: 0 done, 2 wrong input, 3 budget not met, 4 environment (disk, missing engine), 130 interrupted, 1 a bug.
Data (--data): npz:FILE, idx:IMAGES,LABELS, images:DIR, module:FILE.mjs, random:N.`,
    );
  const add = (name: string, description: string, examples: readonly string[]): Command => {
    const command = program.command(name).description(description).exitOverride();
    command.configureOutput({ writeErr: () => undefined });
    command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ gossamer ${line}`).join('\n')}`);
    return command;
  };
  addReading(add, run);
  addWriting(add, run);
  addTraining(add, run);
  addMeasuring(add, run);
  for (const command of program.commands) addCommonOptions(command);
  return program;
}

type Add = (name: string, description: string, examples: readonly string[]) => Command;

function addReading(add: Add, run: RunCommand): void {
  add('inspect', 'What a model is made of: operators, parameters, MACs, bytes, and what would compress.', [
    'inspect model.onnx',
    'inspect model.onnx --bind n=1,seq=128 --json',
    'inspect whisper-tiny      # a folder as transformers.js opens it',
  ])
    .argument('<model>', 'an ONNX file, or a folder of them')
    .option('--bind <sizes>', 'sizes of symbolic dimensions, e.g. n=1,seq=128 (default: each 1)')
    .action((model: string, flags: Flags) =>
      run('inspect', flags, async (context) => (await import('./commands/inspect.js')).run(model, flags, context)),
    );
  add('doctor', 'Checks what Gossamer needs on this machine.', ['doctor', 'doctor --json']).action((flags: Flags) =>
    run('doctor', flags, async () => (await import('./commands/doctor.js')).run()),
  );
}

function addWriting(add: Add, run: RunCommand): void {
  const verify = () =>
    new Option('--verify <level>', 'what the gate proves').choices(['load', 'full', 'none']).default('full');
  add('optimize', "Folds, fuses and eliminates; the outputs equal the input model's, checked.", [
    'optimize model.onnx -o fast.onnx',
    'optimize model.onnx -o fast.onnx --passes fold-constants,fuse-conv-batch-norm',
    'optimize bert.onnx -o bert-ort.onnx --passes onnxruntime --raise-opset',
    'optimize model.onnx -o copy.onnx --passes none      # a byte-identical copy',
    'optimize whisper-tiny -o whisper-tiny-fast',
  ])
    .argument('<model>', 'an ONNX file, or a folder of them as transformers.js opens it')
    .requiredOption('-o, --output <file>', 'the file (or folder) to write')
    .addOption(variant())
    .option(
      '--passes <names>',
      'comma-separated passes; or default, onnxruntime (its own operators too), none',
      'default',
    )
    .option('--raise-opset', 'raise the opset where a fusion needs a later one and every node upgrades')
    .option('--data <source>', 'inputs to compare outputs on (default: random)')
    .option('--preprocess <file>', 'how images become inputs (JSON)')
    .addOption(verify())
    .action((model: string, flags: Flags) =>
      run('optimize', flags, async (context) => (await import('./commands/optimize.js')).run(model, flags, context)),
    );
  addConvert(add, run, verify);
  addQuantize(add, run, [variant(), externalData(), verify()]);
  addPrune(add, run, [variant(), externalData(), verify()]);
  addFactorize(add, run, [variant(), externalData(), verify()]);
  add('encode', 'Stores a model in as few bytes as it has information; decode gives it back byte for byte.', [
    'encode model.onnx -o model.gsm',
    'encode model.onnx -o model.gsm --verbose      # every tensor: its form and bytes',
  ])
    .argument('<model>', 'an ONNX file; data files beside it go along')
    .requiredOption('-o, --output <file>', 'the .gsm file to write; commands open it as they open an ONNX file')
    .action((model: string, flags: Flags) =>
      run('encode', flags, async (context) => (await import('./commands/encode.js')).run(model, flags, context)),
    );
  add('decode', 'Writes back the ONNX file that a .gsm file was made of, byte for byte.', [
    'decode model.gsm -o model.onnx',
  ])
    .argument('<file>', 'a .gsm file')
    .requiredOption('-o, --output <file>', 'the ONNX file to write; data files go beside it under their names')
    .action((file: string, flags: Flags) =>
      run('decode', flags, async (context) => (await import('./commands/decode.js')).run(file, flags, context)),
    );
  add('demo', 'Compresses two real models and proves it on the 10,000 MNIST test images.', [
    'demo',
    'demo --output-dir results --json',
  ])
    .option('--output-dir <dir>', 'where the files go', 'gossamer-demo')
    .action((flags: Flags) =>
      run('demo', flags, async (context) => (await import('./commands/demo.js')).run(flags, context)),
    );
}

function addConvert(add: Add, run: RunCommand, verify: () => Option): void {
  add('convert', 'Changes the form of a model: TF.js to ONNX, a newer opset, float16 or float32, other weights.', [
    'convert tfjs-model/model.json -o model.onnx',
    'convert model.onnx -o model.opset21.onnx --opset 21',
    'convert model.onnx -o half.onnx --fp16 --data npz:samples.npz',
    'convert half.onnx -o single.onnx --fp32',
    'convert model.onnx -o tuned.onnx --weights tuned.safetensors',
    'convert pruned.onnx -o small.onnx --initializers sparse      # zeros are not stored; ONNX Runtime opens it',
    'convert whisper-tiny -o whisper-tiny-fp16 --fp16 --merge-decoders',
  ])
    .argument(
      '<model>',
      'an ONNX file, a folder of them as transformers.js opens it, or the model.json of a TF.js model',
    )
    .requiredOption('-o, --output <file>', 'the file (or folder) to write')
    .option('--opset <n>', 'version of the standard operators to raise it to, at most 28', count)
    .option('--fp16', 'compute and store in float16; what would overflow stays in float32')
    .option('--fp32', 'compute and store in float32 what is in float16; inputs and outputs keep their types')
    .addOption(
      new Option(
        '--initializers <form>',
        'sparse: tensors of which enough is 0 as sparse_initializer; dense: those as dense ones again',
      ).choices(['sparse', 'dense']),
    )
    .option('--merge-decoders', 'of a folder: decoder_model and decoder_with_past_model as decoder_model_merged')
    .addOption(variant())
    .option('--weights <path>', 'a safetensors file, index or folder whose tensors replace the weights of their names')
    .option('--weights-map <file>', 'JSON that names the tensors of weights called otherwise')
    .option('--data <source>', 'inputs that show ranges (--fp16), and to compare outputs on (default: random)')
    .option('--preprocess <file>', 'how images become inputs (JSON)')
    .addOption(externalData())
    .addOption(verify())
    .action((model: string, flags: Flags) =>
      run('convert', flags, async (context) => (await import('./commands/convert.js')).run(model, flags, context)),
    );
}

const variant = () =>
  new Option('--variant <dtype>', 'of a folder, which models to start from: fp32, fp16, q8, q4, ... (default fp32)');

const externalData = () =>
  new Option('--external-data <mode>', 'large tensors in a file beside the model')
    .choices(['auto', 'always', 'never'])
    .default('auto');

const requantization = () =>
  new Option('--requantize <how>', 'sums of integer layers to codes, engine native or auto').choices([
    'float',
    'fixed-point',
  ]);

function addMeasuring(add: Add, run: RunCommand): void {
  const measured = (command: Command) =>
    command
      .option('--engine <name>', 'ort, native, auto, tfjs or reference (default ort)')
      .option('--batch-size <n>', 'samples in one call (default 16)', count)
      .option('--limit <n>', 'use the first N samples', count)
      .option('--preprocess <file>', 'how images become inputs (JSON)');
  measured(
    add('evaluate', 'Measures a metric on labelled data.', [
      'evaluate model.onnx --data npz:test.npz --metric top1',
      'evaluate lm.onnx --data npz:eval.npz --metric perplexity --json',
    ]),
  )
    .argument('<model>', 'an ONNX file')
    .requiredOption('--data <source>', 'labelled data')
    .requiredOption('--metric <name>', 'top1, top5, class-error, ece, perplexity, mean-squared-error, cer or wer')
    .addOption(requantization())
    .action((model: string, flags: Flags) =>
      run('evaluate', flags, async (context) => (await import('./commands/evaluate.js')).run(model, flags, context)),
    );
  measured(
    add('compare', 'Compares two models: predictions, error, size, paired latency.', [
      'compare model.onnx model.int8.onnx --data npz:test.npz',
      'compare model.onnx model.int8.onnx --data random:16 --json',
    ]),
  )
    .argument('<before>', 'the reference')
    .argument('<after>', 'the model compared with it')
    .requiredOption('--data <source>', 'inputs')
    .option('--metric <name>', 'also measure this metric of the second model on labelled data')
    .option('--pairs <n>', 'latency timings of each model, in turns (default 30)', count)
    .action((before: string, after: string, flags: Flags) =>
      run('compare', flags, async (context) =>
        (await import('./commands/compare.js')).run(before, after, flags, context),
      ),
    );
  addRun(add, run);
  add('bench', 'Times a model on one sample, or runs a suite of the benchmark harness.', [
    'bench model.onnx --threads 1',
    'bench model.onnx --bind seq=128 --runs 100 --json',
    'bench model.onnx --engine native --threads 2',
    'bench --suite quick',
    'bench --suite kernels --threads 1,2 --filter "quantized,12:64" --out results',
    'bench --suite kernels --out results --resume      # goes on where an interrupted run stopped',
    'bench --compare before/kernels.json results/kernels.json',
    'bench --suite round-trip',
  ])
    .argument('[model]', 'an ONNX file')
    .option('--suite <name>', 'quick, kernels, models, compression, or another suite of @gossamer/bench')
    .option('--compare <files...>', 'two results files of a suite: what changed')
    .option('--engine <name>', 'ort, native, auto, tfjs or reference (default: ort for a model, native for a suite)')
    .addOption(requantization())
    .option('--peer <name>', 'of a suite: the engine beside it (default ort)')
    .option('--filter <texts>', 'of a suite: only cases whose names contain one of these, comma-separated')
    .option('--out <dir>', 'of a suite: folder for results (JSON, Markdown, HTML); finished cases are kept there')
    .option('--resume', 'of a suite: keep the finished cases in --out that are of this commit and CPU')
    .option('--data <source>', 'inputs, of which the first sample is used (default: random)')
    .option('--preprocess <file>', 'how images become inputs (JSON)')
    .option('--bind <sizes>', 'sizes of symbolic dimensions for random inputs, besides the first (the sample)')
    .option('--runs <n>', 'timed runs at least (default 30)', count)
    .action((model: string | undefined, flags: Flags) =>
      run('bench', flags, async (context) => (await import('./commands/bench.js')).run(model, flags, context)),
    );
}

function addRun(add: Add, run: RunCommand): void {
  const list = (value: string) => value.split(',').filter((item) => item !== '');
  add('run', 'Runs a model once: arrays in and out, which engine ran what, how long it took.', [
    'run model.onnx --inputs sample.npz -o result.npz',
    'run model.onnx --inputs image=photo.npy --outputs logits -o logits.npy --engine native',
    'run bert.onnx --bind batch=4,seq=128 --engine auto --json      # random inputs',
    'run model.onnx --engine native --threads 1 --runs 50 --profile',
  ])
    .argument('<model>', 'an ONNX file')
    .option('--inputs <files...>', 'FILE.npz (arrays by input name), NAME=FILE.npy, or FILE.npy (default: random)')
    .option('--bind <sizes>', 'sizes of symbolic dimensions of random inputs, e.g. batch=4,seq=128')
    .option('--outputs <names>', 'only these outputs, comma-separated (default: all)', list)
    .option('-o, --output <file>', 'where the outputs go: .npz, or .npy for one of them (default: nowhere)')
    .option('--engine <name>', 'ort, native, auto, tfjs or reference (default ort)')
    .addOption(requantization())
    .option('--runs <n>', 'timed runs after the first (default: none)', count)
    .option('--profile', 'the time of every operator (engines native and auto)')
    .action((model: string, flags: Flags) =>
      run('run', flags, async (context) => (await import('./commands/run.js')).run(model, flags, context)),
    );
}

function addCommonOptions(command: Command): void {
  command
    .optionsGroup('Common options:')
    .option('--json', 'one JSON document on stdout')
    .option('--seed <n>', 'seed of every random choice', integer, 0)
    .addOption(threadsOption(command.name()))
    .option('--quiet', 'no progress')
    .option('--verbose', 'every layer, not just a summary')
    .option('--force', 'replace an existing output')
    .option('--run <dir>', 'keep a manifest and the result in this folder');
}

/** A suite of benchmarks runs on several numbers of threads, one after the other. */
function threadsOption(command: string): Option {
  if (command !== 'bench') {
    return new Option('--threads <n>', 'threads (default: all cores, or GOSSAMER_THREADS)').argParser(count);
  }
  const description = 'threads (default: all cores, or GOSSAMER_THREADS); of a suite a list (default 1,2)';
  return new Option('--threads <n>', description).argParser((value) => value.split(',').map(count));
}

/** The options every command has. */
export function globalOptions(flags: Flags): GlobalOptions {
  return {
    json: flags['json'] === true,
    seed: flags['seed'] as number,
    threads: oneThreadCount(flags['threads'] as number | readonly number[] | undefined),
    quiet: flags['quiet'] === true,
    verbose: flags['verbose'] === true,
    force: flags['force'] === true,
    run: flags['run'] as string | undefined,
  };
}

/** Of a list, which only suites take, the one number it holds. */
function oneThreadCount(threads: number | readonly number[] | undefined): number | undefined {
  return typeof threads === 'object' ? (threads.length === 1 ? threads[0] : undefined) : threads;
}
