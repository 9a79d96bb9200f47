import type { EvalTensor } from '../../eval-value.js';
import { defineKernel, type KernelCall } from '../../kernel.js';
import { stringsOf, stringTensor } from './strings.js';

type Recase = (text: string) => string;

/** The language tag of a locale such as `en_US.UTF-8`; ERR_EVAL_OP when there is no such language. */
function languageOf(call: KernelCall): string {
  const locale = call.node.string('locale', 'en_US');
  const [name = ''] = locale.split(/[.@]/);
  try {
    return Intl.getCanonicalLocales(name === 'C' || name === 'POSIX' ? 'en' : name.replaceAll('_', '-'))[0] ?? 'en';
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return call.fail('ERR_EVAL_OP', 'locale', 'a locale such as en_US', locale);
  }
}

/** Strings that are no stop words, in another case where asked for; one '' when none is left. Input [C] or [1, C]. */
function normalize(call: KernelCall): EvalTensor {
  const x = stringsOf(call, 0);
  const { node } = call;
  if (x.dims.length < 1 || x.dims.length > 2 || (x.dims.length === 2 && x.dims[0] !== 1)) {
    call.fail('ERR_EVAL_SHAPE', 'input 0', 'a shape [C] or [1, C]', `[${x.dims.join(',')}]`);
  }
  const language = languageOf(call);
  const cases: Readonly<Record<string, Recase>> = {
    NONE: (text) => text,
    LOWER: (text) => text.toLocaleLowerCase(language),
    UPPER: (text) => text.toLocaleUpperCase(language),
  };
  const action = node.string('case_change_action', 'NONE');
  const change = Object.hasOwn(cases, action) ? cases[action] : undefined;
  if (!change) call.fail('ERR_EVAL_OP', 'case_change_action', Object.keys(cases).join(', '), action);
  const comparable: Recase = node.int('is_case_sensitive', 0) === 0 ? cases['LOWER']! : cases['NONE']!;
  const stops = new Set(node.strings('stopwords', []).map(comparable));
  call.charge(x.data.reduce((sum, text) => sum + text.length, 0));
  const kept = x.data.filter((text) => !stops.has(comparable(text))).map(change);
  const written = kept.length > 0 ? kept : [''];
  return stringTensor(call, [...x.dims.slice(0, -1), written.length], written);
}

export const stringNormalizer = defineKernel({ op: 'StringNormalizer', run: (call) => [normalize(call)] });
