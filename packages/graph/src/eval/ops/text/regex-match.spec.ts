import { texts } from '../../testing/ort.js';
import { expectSameAsOrt } from '../../testing/same-as-ort.js';
import { fullMatcher } from './regex-match.js';

const code = (expected: string) => expect.objectContaining({ code: expected });
const matcher = (pattern: string) => fullMatcher(pattern, () => undefined);

/** Texts that tell apart what the patterns below mean (without NUL, where onnxruntime-node ends a string). */
const SAMPLES = [
  ...[
    '',
    'a',
    'A',
    'b',
    'ab',
    'ba',
    'aab',
    'abab',
    'aaaa',
    'k',
    'K',
    '\u212a',
    's',
    'ſ',
    'é',
    'É',
    'ß',
    'ẞ',
    'σ',
    'ς',
    'Σ',
  ],
  ...[
    'i',
    'ı',
    'İ',
    '日',
    '😀',
    '日本',
    '\n',
    'a\n',
    '\na',
    'a\nb',
    '\t',
    '\v',
    ' ',
    '\u2028',
    '0',
    '9',
    '٣',
    '_',
    '-',
    '.',
  ],
  ...['a.b', 'a+b', ']', '^', '[', 'x1', 'foo bar', '{', 'a{', 'a{,5}', '\u00ff', 'A', 'abc', 'a-b', '12:30'],
];

/** RE2's whole syntax, a construct a line. */
const PATTERNS = [
  ...[
    '',
    'a',
    'ab|ba',
    'a||b',
    '()',
    '(|a)b',
    '(?:a|b)*',
    'a*?',
    'a+?',
    'a??b',
    '(a*)*',
    '(a|b)*abb?',
    '^*a',
    'a$',
    '^a',
    '$a',
  ],
  ...['a{2}', 'a{2,}', 'a{1,2}b', 'a{0}', 'a{,5}', 'a{', '{', '(ab){2}', '((a{1,2}){1,2}){1,2}'],
  ...['.', '(?s).', '(?s:.).', '[^a]', '[^\\n]', '(?m)a$\\nb', '(?m)a\\n^b', '(?m)^', 'a\\n$', '\\Aa\\z', '\\z'],
  ...[
    '\\d',
    '\\D',
    '\\s',
    '\\S',
    '\\w',
    '\\W',
    '[\\d_]',
    '[^\\D]',
    '[^\\s\\S]',
    '\\bfoo\\b bar',
    'a\\Bb',
    '\\B',
    '\\b',
  ],
  ...['[a-c]', '[]]', '[^]]', '[a-]', '[-a]', '[a-b-k]', '[\\]\\[^]', '[[]', '[\\x{1f600}-\\x{1f64f}]', '[\\t\\v\\n]'],
  ...[
    '[[:alpha:]]',
    '[[:^alpha:]]',
    '[^[:alpha:]]',
    '[[:space:][:digit:]]',
    '[[:word:]-]',
    '[[:punct:]]',
    '[[:ascii:]]',
  ],
  ...[
    '\\pL',
    '\\PL',
    '\\pN',
    '\\p{Lu}',
    '\\P{Lu}',
    '\\p{^Lu}',
    '\\P{^Lu}',
    '\\p{Greek}',
    '\\p{Han}+',
    '\\pZ',
    '[\\pL\\pN]+',
    '\\p{Any}',
  ],
  ...[
    '\\.',
    '\\-',
    '\\_',
    '\\x41',
    '\\x{65e5}',
    '\\101',
    '\\0',
    '\\377',
    '\\a|\\f|\\t|\\r|\\v',
    '\\Qa.b\\E',
    '\\Qa+\\Eb',
    '\\Qa\\E*',
  ],
  ...[
    '(?i)a',
    '(?i)k',
    '(?i)s',
    '(?i)ß',
    '(?i)σ',
    '(?i)i',
    '(?i)[a-z]',
    '(?i)[^k]',
    '(?i)\\w',
    '(?i)\\W',
    '(?i)\\p{Lu}',
    '(?i)é',
  ],
  ...['(?i:a)b', '(?-i:A)', '(?i)a(?-i)B', '(?i)a|B', '(?is-m:a.)', '(?U)a+', '(?)a', '(?P<n>a)(?P<m>b)', '(?<n>a)'],
];

test.each(PATTERNS)('%j matches what ONNX Runtime (RE2) matches', async (pattern) => {
  await expectSameAsOrt('RegexFullMatch', [texts([SAMPLES.length], SAMPLES)], { pattern }, 0);
});

test.each([
  ...[
    '(',
    ')',
    '(?',
    '(?i',
    '[',
    '[a',
    '[b-a]',
    '[a-\\d]',
    '[[:foo:]]',
    '*',
    '+a',
    '(*)',
    '{2}',
    'a**',
    'a{2}{3}',
    'a+*',
    '(?i)*',
  ],
  ...[
    'a{1001}',
    'a{2,1}',
    '\\1',
    '\\8',
    '\\Z',
    '\\G',
    '\\y',
    '\\é',
    '\\',
    '\\x',
    '\\xZZ',
    '\\x{}',
    '\\x{110000}',
    '[\\b]',
    '\\cA',
  ],
  ...[
    '(?=a)',
    '(?!a)',
    '(?<=a)',
    '(?#a)',
    '(?P=n)',
    '(?P<>a)',
    '(?z)',
    '\\p',
    '\\pX',
    '\\p{Foo}',
    '\\p{Letter}',
    '\\p{greek}',
  ],
])('%j is no RE2 pattern, as ONNX Runtime says too', async (pattern) => {
  expect(() => matcher(pattern)).toThrow(code('ERR_EVAL_VALUE'));
});

test('\\C, a byte, is refused by name', () => {
  expect(() => matcher('a\\C')).toThrow(code('ERR_EVAL_OP'));
});

describe('hostile patterns', () => {
  /** States visited for a pattern and a text. */
  function steps(pattern: string, text: string): { matches: boolean; visited: number } {
    let visited = 0;
    const matches = fullMatcher(pattern, (count) => (visited += count))(text);
    return { matches, visited };
  }

  test.each([
    ['(a+)+b', (n: number) => 'a'.repeat(n)],
    ['(a|aa)+b', (n: number) => 'a'.repeat(n)],
    ['(.*)*,(.*)*,x', (n: number) => 'a,'.repeat(n / 2)],
    ['(([a-z])+.)+[A-Z]([a-z])+', (n: number) => 'a'.repeat(n)],
    ['(?:a?){200}a{200}b', (n: number) => 'a'.repeat(n)],
  ])('%s takes time in proportion to the text', (pattern, text) => {
    const [short, long] = [steps(pattern, text(2000)), steps(pattern, text(4000))];
    expect([short.matches, long.matches]).toEqual([false, false]);
    expect(long.visited).toBeLessThanOrEqual(2 * short.visited + 2000);
  });

  test('that would be huge, or nest without end, are refused', () => {
    expect(() => matcher('((a{1000}){1000}){1000}')).toThrow(code('ERR_EVAL_BUDGET'));
    expect(() => matcher('(((){1000}){1000}){1000}')).toThrow(code('ERR_EVAL_BUDGET'));
    expect(() => matcher('('.repeat(100_000))).toThrow(code('ERR_EVAL_VALUE'));
    expect(matcher('('.repeat(900) + 'a' + ')'.repeat(900))('a')).toBe(true);
  });
});
