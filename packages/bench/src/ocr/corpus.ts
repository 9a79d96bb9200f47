import type { SeededRandom } from '../seeded-random.js';

const words = (
  'the of and to in is that it was for on are as with his they at be this from have or by one had not but what all were when we there can an ' +
  'your which their said if do will each about how up out them then she many some so these would other into has more her two like him see ' +
  'time could no make than first been its who now people my made over did down only way find use may water long little very after words called ' +
  'just where most know get through back much before go good new write our used me man too any day same right look think also around another ' +
  'came come work three word must because does part even place well such here take why things help put years different away again off went old ' +
  'number great tell men say small every found still between name should home big give air line set own under read last never us left end along ' +
  'while might next sound below saw something thought both few those always looked show large often together asked house world going want school ' +
  'important until form food keep children feet land side without boy once animals life enough took four head above kind began almost live page ' +
  'earth need far hand high year mother light country father let night picture being study second book carry science eat room friend idea fish ' +
  'mountain north base hear horse cut sure watch color face wood main open seem together next white begin got walk example ease paper group ' +
  'music quick jump fox lazy dog zebra quartz vivid jazz oxygen rhythm wizard quality budget frequency knowledge mixture objective xylophone ' +
  'kitchen journey equipment subject reflex vacuum quiet zone'
).split(' ');

const places =
  'London Paris Berlin Madrid Vienna Oslo Quebec Zurich Kyoto Jakarta Xiamen Wales Florida Utah Geneva Yukon Havana Bristol'.split(
    ' ',
  );
const names =
  'Alice Brown David Green Frank Jones Karen Lewis Maria Nelson Oscar Price Quinn Roberts Susan Taylor Victor White Young'.split(
    ' ',
  );
const months = 'January February March April May June July August September October November December'.split(' ');

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const digits = (random: SeededRandom, count: number): string =>
  Array.from({ length: count }, (_, i) => (i === 0 ? 1 + random.integer(9) : random.integer(10))).join('');

function sentence(random: SeededRandom): string {
  const chosen = Array.from({ length: 3 + random.integer(4) }, () => random.pick(words));
  const comma = random.next() < 0.25 ? 1 + random.integer(chosen.length - 2) : -1;
  const body = chosen.map((word, i) => (i === comma ? `${word},` : word)).join(' ');
  return capital(body) + random.pick(['.', '.', '.', '?', '!', '']);
}

/** The kinds of line, each drawn with equal chance; the first is listed twice because running text is the common case. */
const kinds: readonly ((random: SeededRandom) => string)[] = [
  sentence,
  sentence,
  (r) => Array.from({ length: 2 + r.integer(3) }, () => capital(r.pick(words))).join(' '),
  (r) => Array.from({ length: 1 + r.integer(3) }, () => r.pick(words).toUpperCase()).join(' '),
  (r) => `${r.pick(months)} ${1 + r.integer(28)}, ${1900 + r.integer(130)}`,
  (r) => `Total: $${digits(r, 1 + r.integer(4))}.${digits(r, 2)}`,
  (r) => `${digits(r, 3)}-${digits(r, 4)}-${digits(r, 4)}`,
  (r) => `${r.pick(names)} ${r.pick(names)}, ${r.pick(places)}`,
  (r) => `${digits(r, 2 + r.integer(2))} ${capital(r.pick(words))} Street, ${r.pick(places)} ${digits(r, 5)}`,
  (r) => `${r.pick(names).toLowerCase()}${digits(r, 2)}@${r.pick(words)}.com`,
  (r) => `No. ${digits(r, 6)} (${r.pick(words)} ${r.pick(words)})`,
  (r) => `${capital(r.pick(words))} ${1 + r.integer(99)}% of ${digits(r, 2 + r.integer(3))} ${r.pick(words)}`,
];

/** One line of text to render: English words, names, dates, prices, numbers and punctuation, 4 to about 45 characters. */
export function randomLine(random: SeededRandom): string {
  return random.pick(kinds)(random);
}
