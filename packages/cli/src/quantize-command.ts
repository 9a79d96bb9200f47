import type { Command, Option } from 'commander';
import { addAwareOptions } from './aware-options.js';
import type { RunCommand } from './command-context.js';
import { parseBudget } from './parse-budget.js';
import { count, integer, number } from './parse-numbers.js';

type Flags = Readonly<Record<string, unknown>>;
type Add = (name: string, description: string, examples: readonly string[]) => Command;

const list = (value: string): string[] => value.split(',').filter((item) => item !== '');

/** `quantize`; `shared`: options that other commands have too. */
export function addQuantize(add: Add, run: RunCommand, shared: readonly Option[]): void {
  const command = add('quantize', 'Quantizes to 2 to 8 bits; every layer left alone is named with its reason.', [
    'quantize cnn.onnx -o cnn.int8.onnx --mode static --data npz:calibration.npz',
    'quantize cnn.onnx -o cnn.int8.onnx --mode static --calibrate entropy --data images:photos --preprocess p.json',
    'quantize cnn.onnx -o cnn.int8.onnx --mode static --data npz:train.npz --accuracy top1:0.005 --eval-data npz:dev.npz',
    'quantize cnn.onnx -o cnn.int8.onnx --mode static --data npz:calibration.npz --equalize cross-layer --explain',
    'quantize bert.onnx -o bert.int8.onnx --mode dynamic',
    'quantize lm.onnx -o lm.q4.onnx --mode weight-only --bits 4 --block-size 32 --mapping asymmetric',
    'quantize lm.onnx -o lm.q3.onnx --mode weight-only --weights uint3 --algorithm gptq --data npz:calibration.npz',
    'quantize lm.onnx -o lm.small.onnx --budget 15% --candidates uint2/32,uint3/32,uint4/32 --data npz:calibration.npz',
    'quantize cnn.onnx -o cnn.small.onnx --budget 1.2MB --algorithm gptq --data npz:train.npz --layers-out rules.json',
    'quantize cnn.onnx -o again.onnx --mode weight-only --layers rules.json',
    'quantize cnn.onnx -o cnn.cb4.onnx --mode weight-only --weights codebook4 --edge-bits 4',
    'quantize lm.onnx -o lm.q4.onnx --preset q4 --exclude "lm_head*" --json',
    'quantize whisper-tiny -o whisper-tiny-q4f16 --preset q4f16',
    'quantize lm.onnx -o lm.q4.onnx --target webgpu      # 4 bits; names what WebGPU has no kernel for',
    'quantize cnn.onnx -o cnn.int8.onnx --target cpu-without-vnni --data npz:calibration.npz',
    'quantize cnn.onnx -o cnn.w4a8.onnx --mode static --weights int4 --data npz:calibration.npz',
    'quantize cnn.onnx -o cnn.w4a4.onnx --mode qat --data npz:train.npz --weight-bits 4 --activation-bits 4 --epochs 3 --learning-rate 1e-3',
    'quantize cnn.onnx -o cnn.w2a2.onnx --mode qat --data npz:train.npz --teacher cnn.onnx --weight-bits 2 --activation-bits 2 --stages 4 --epochs 5 --run runs/w2',
    'quantize tfjs-model/model.json -o tfjs-small --format tfjs --weights uint8',
  ])
    .argument('<model>', 'an ONNX file, or a folder of them; the model.json of a TF.js model with --format tfjs')
    .requiredOption('-o, --output <file>', 'the file to write; a new folder with --format tfjs');
  addWeights(command);
  addBudget(command);
  addStatic(command);
  addSelection(command);
  for (const option of shared) command.addOption(option);
  addAwareOptions(command);
  command.action((model: string, flags: Flags) =>
    run('quantize', flags, async (context) => (await import('./commands/quantize.js')).run(model, flags, context)),
  );
}

function addWeights(command: Command): void {
  command
    .option(
      '--mode <mode>',
      'static, dynamic, weight-only or qat: trained on --data (default: static with --data, else dynamic)',
    )
    .option(
      '--preset <name>',
      'as transformers.js calls its files: q8 (dynamic), int8, uint8, q4 (weight-only), q4f16, bnb4 (NF4), fp16 (a conversion)',
    )
    .option(
      '--weights <scheme>',
      'int8, uint8, int4 or uint4; weight-only also int2 to int16, uint2 ..., nf4, fp4, float8e4m3fn, codebook4, pot4, apot4, ...; uint8, uint16 or float16 with --format tfjs',
    )
    .option('--bits <n>', 'of --weights, where only their number matters: 4 (weight-only) or 8', integer)
    .option('--granularity <g>', 'perAxis, perTensor or perBlock')
    .option(
      '--block-size <n>',
      'weights that share a scale, weight-only (default 32): any number for schemes; 16, 32, 64, 128 or 256 for int8, uint8, int4 and uint4 rounded to nearest',
      integer,
    )
    .option('--mapping <m>', 'symmetric or asymmetric weights')
    .option(
      '--algorithm <name>',
      'how codes are chosen, weight-only: rtn (default), rtn-clip, hqq; with --data also importance, awq-clip, codebook-fit, gptq, gptaq, obq, adaround, brecq, qdrop; static: adaround, brecq, qdrop',
    )
    .option('--bias-correction', 'take back by biases how much rounding moves mean outputs (static, weight-only)')
    .option('--clip [how]', 'clip each scale (weight-only): mse (default), a search for what loses least, or octav')
    .option(
      '--layers <file>',
      'JSON: weights of single layers (weight-only, static), [{"match": "*.fc*", "weights": "int3", "blockSize": 64}, {"match": "head", "weights": "float32"}]',
    )
    .option(
      '--edge-bits <n>',
      'bits of embeddings and output layers below 8 bits, weight-only; of the first and last layer, qat (default 8)',
      integer,
    )
    .option('--block-format <f>', 'matmulnbits or dequantize-linear (default matmulnbits)')
    .option('--accuracy-level <n>', 'accuracy_level of MatMulNBits, 0 to 4 (default 4)', integer)
    .option('--storage <s>', 'weights of layers without a fast integer kernel: int8 or float (default int8)')
    .option('--format <f>', 'qdq, qoperator, or tfjs: a TF.js model with smaller shards (default qdq)');
}

function addBudget(command: Command): void {
  command
    .option(
      '--budget <limits>',
      'bits of each layer chosen so that the file takes 1.2MB, 800kB or 30% of the input, a run of one sample in ONNX Runtime 5ms, or both: 800kB,5ms (weight-only, needs --data); goes on where it was interrupted',
      parseBudget,
    )
    .option(
      '--candidates <list>',
      'what a layer may become with --budget, e.g. uint2,uint3/64,int8,float32 (default int2,int3,int4,int8)',
      list,
    )
    .option(
      '--sensitivity <how>',
      'what a layer is predicted to lose with --budget: divergence of the outputs (default), sqnr of its own result, or hutchinson: by the trace of the Hessian',
    )
    .option('--layers-out <file>', 'write what --budget found as rules that --layers takes');
}

function addStatic(command: Command): void {
  command
    .option(
      '--activations <dtype>',
      'static: uint8 (default), int8; uint16 or int16, which compute in float on CPUs; of qat how ranges are found: lsq (default), pact, ema or fixed',
    )
    .option('--calibrate <name>', 'minmax, percentile, entropy, mse or octav (default minmax)')
    .option('--percentile <p>', 'for --calibrate percentile (default 99.99)', number)
    .option(
      '--target <name>',
      'what it is for: onnxruntime (default), onnxruntime-vnni, cpu-without-vnni, arm, web, webgpu or native; sets defaults, and says what has no kernel there',
    )
    .option(
      '--reduce-range <r>',
      'auto: 7-bit weights where sums could saturate on x64 without VNNI (static); on: everywhere; off (default; by --target cpu-without-vnni auto or on)',
    )
    .option('--integer-only', 'static: no float operator between the first and the last layer, or the model is refused')
    .option(
      '--accuracy <goal>',
      'METRIC:MAXDROP, e.g. top1:0.005: layers go back to float until the metric fell by no more (static)',
    )
    .option('--eval-data <source>', 'labelled data that --accuracy is measured on')
    .option('--keep-float <k>', 'auto: put layers that hurt most back in float (default none)')
    .option('--target-sqnr <db>', 'output SQNR that --keep-float auto aims at (default 20)', number)
    .option('--no-cost-model', 'integers wherever there is a kernel, also where float is expected to be faster');
}

function addSelection(command: Command): void {
  command
    .option(
      '--equalize <methods>',
      'before: rotate, cross-layer, absorb-bias, smooth, awq, comma-separated (default none)',
      list,
    )
    .option('--explain', 'say of each layer what it lost, why, and what helps (needs --data)')
    .option('--include <layers>', 'only these layers: ids, globs or operators, comma-separated', list)
    .option('--exclude <layers>', 'not these layers', list)
    .option('--no-optimize', 'skip the graph optimisations before quantizing')
    .option('--preserve <what>', 'weights that stay 0: zeros (all), auto (of pruned weights, default) or none')
    .option('--requantize', 'accept a model that is quantized already')
    .option('--data <source>', 'calibration data')
    .option('--samples <n>', 'most calibration samples to use (default 128; 64 for --budget, 256 of qat)', count)
    .option('--preprocess <file>', 'how images become inputs (JSON)');
}
