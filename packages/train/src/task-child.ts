import { isGossamerError } from '@gossamer/graph';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TaskAnswer } from './parallel/run-tasks.js';

// The child process of runTasks(): calls one function, answers and ends.
interface Call {
  readonly module: string;
  readonly name: string;
  readonly input: unknown;
}

async function call({ module, name, input }: Call): Promise<TaskAnswer> {
  try {
    const url = isAbsolute(module) ? pathToFileURL(module).href : module;
    const exported = ((await import(url)) as Record<string, unknown>)[name];
    if (typeof exported !== 'function') throw new Error(`expected a function ${name} of ${module}, received none`);
    return { value: await (exported as (given: unknown) => unknown)(input) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { error: { code: isGossamerError(error) ? error.code : undefined, message } };
  }
}

process.once('message', (request: Call) => {
  void call(request).then((answer) => process.send!(answer, undefined, undefined, () => process.exit(0)));
});
// Without a parent there is nobody to work for.
process.once('disconnect', () => process.exit(1));
