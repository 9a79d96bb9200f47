import { type Command } from 'commander';
import { count, integer, number } from './parse-numbers.js';
import { addLoopOptions, addTeacherOptions } from './training-commands.js';

/** Options of `quantize --mode qat`: the codes that the model learns, its teacher, and how it is trained. */
export function addAwareOptions(command: Command): Command {
  const numbers = (value: string) => value.split(',').map(integer);
  command
    .optionsGroup('Training (--mode qat):')
    .option('--weight-bits <n>', 'bits of the weights of Conv, Gemm and MatMul, 2 to 8 (default 4)', integer)
    .option('--activation-bits <n>', 'bits of what those read, 2 to 8 (default 4)', integer)
    .option('--stages <bits>', 'bits that are trained first, largest first, e.g. 8,6; each for --epochs', numbers)
    .option('--scale-learning-rate <f>', 'times the learning rate, of scales and zero points (default 1)', number)
    .option('--clip-decay <r>', 'weight decay of the clips of --activations pact (default 0.01)', number)
    .option('--teacher <files...>', 'a model, or several together, that the model also learns from; it may be itself')
    .option('--limit <n>', 'use the first N samples', count);
  return addLoopOptions(addTeacherOptions(command));
}
