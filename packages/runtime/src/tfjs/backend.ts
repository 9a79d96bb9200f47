import { GossamerError } from '@gossamer/graph';
import type * as core from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import util from 'node:util';
import type { RuntimeErrorCode } from '../error-codes.js';

/** What TensorFlow.js gives, whichever package it comes from. */
export type Tf = typeof core;

/** A backend of TensorFlow.js that runs graphs. */
export interface TfjsBackend {
  readonly tf: Tf;
  /** The npm package it comes from. */
  readonly package: string;
  /** The name under which TensorFlow.js knows it. */
  readonly name: 'tensorflow' | 'cpu';
  /** True when it computes on a GPU. */
  readonly isGpu: boolean;
}

const CORE = '@tensorflow/tfjs-core';
const CPU = '@tensorflow/tfjs-backend-cpu';
const NODE = '@tensorflow/tfjs-node';
const NODE_GPU = '@tensorflow/tfjs-node-gpu';
/** The version of all four: they share one tfjs-core. */
const VERSION = '4.22.0';

/** What GOSSAMER_TFJS_BACKEND may be, and the packages then tried in turn. */
const CHOICES: Readonly<Record<string, readonly string[]>> = { cpu: [CPU], node: [NODE], 'node-gpu': [NODE_GPU] };

/**
 * The backend that GOSSAMER_TFJS_BACKEND names; without it tfjs-node-gpu where it loads, else tfjs-node. Without a GPU tfjs-node-gpu
 * computes on the CPU and is kept: two TensorFlows cannot register in one process. Throws ERR_ENGINE_MISSING with the install command
 * where none loads, ERR_OPTION for a name that is none.
 */
export async function loadTfjs(): Promise<TfjsBackend> {
  const packages = chosenPackages();
  const found = await tryPackages(packages);
  if ('tf' in found) return found;
  throw new GossamerError<RuntimeErrorCode>(
    'ERR_ENGINE_MISSING',
    `engine tfjs: expected the package ${packages.join(' or ')}, received: ${reasonsOf(packages, found)}; ${installCommand(packages)}`,
    { cause: found[0] },
  );
}

/** The first package that loads, or why each did not. */
export async function tryPackages(packages: readonly string[]): Promise<TfjsBackend | readonly Error[]> {
  const causes: Error[] = [];
  for (const name of packages) {
    try {
      return name === CPU ? await loadCpu() : await loadNode(name);
    } catch (cause) {
      causes.push(cause as Error);
    }
  }
  return causes;
}

/** Why packages did not load; each reason once: mostly, nothing is installed. */
export function reasonsOf(packages: readonly string[], causes: readonly Error[]): string {
  const reasons = causes.map(({ message }, i) => {
    const [line = ''] = message.split('\n');
    return /cannot find (package|module)/i.test(line) && line.includes(`'${packages[i]}'`) ? 'not installed' : line;
  });
  return [...new Set(reasons)].join('; ');
}

export const installCommand = (packages: readonly string[]) =>
  `npm install ${(packages[0] === CPU ? [CORE, CPU] : packages.slice(-1)).map((name) => `${name}@${VERSION}`).join(' ')}`;

export function chosenPackages(): readonly string[] {
  const text = process.env['GOSSAMER_TFJS_BACKEND'];
  if (text === undefined || text === '') return [NODE_GPU, NODE];
  if (Object.hasOwn(CHOICES, text)) return CHOICES[text]!;
  const names = Object.keys(CHOICES).join(', ');
  throw new GossamerError<RuntimeErrorCode>(
    'ERR_OPTION',
    `GOSSAMER_TFJS_BACKEND: expected one of ${names}, received ${text}`,
  );
}

async function loadCpu(): Promise<TfjsBackend> {
  const tf = (await importPackage(CORE)) as Tf;
  // Else its first tensor prints that tfjs-node would be faster.
  tf.enableProdMode();
  await importPackage(CPU);
  return { tf, package: CPU, name: 'cpu', isGpu: false };
}

async function loadNode(name: string): Promise<TfjsBackend> {
  // Node's own module stays as it is where there is nothing to import.
  createRequire(import.meta.url).resolve(name);
  restoreUtil();
  const tf = (await importPackage(name)) as Tf;
  const backend = tf.engine().findBackend('tensorflow') as { readonly isUsingGpuDevice?: boolean };
  return { tf, package: name, name: 'tensorflow', isGpu: backend.isUsingGpuDevice === true };
}

/** A CommonJS package as it exports itself; the name is no literal, since none of them need be installed. */
async function importPackage(name: string): Promise<unknown> {
  const module = (await import(name)) as { readonly default?: unknown };
  return module.default ?? module;
}

/** Functions of `util` that tfjs-node 4.22 calls, and that Node from 23 on has not, or not all. */
function restoreUtil(): void {
  const functions = util as unknown as Record<string, unknown>;
  functions['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  functions['isArray'] ??= Array.isArray;
}
