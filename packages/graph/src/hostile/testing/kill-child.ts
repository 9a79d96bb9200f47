import { type Fault, withFault } from '../../testing/faulty-fs.js';
import { SAVE_SCENARIOS } from './save-scenarios.js';

/** Saves as a scenario of that name does and is killed on the way: `name folder sources at fault`. */
async function main(): Promise<void> {
  const [name, folder, sources, at, fault] = process.argv.slice(2);
  const scenario = SAVE_SCENARIOS[name!]!;
  const { error } = await withFault(Number(at), fault as Fault, () => scenario.save(folder!, sources!));
  throw new Error('expected to be killed, received the end of the save', { cause: error });
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
