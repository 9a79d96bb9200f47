import { encodeError } from '../error-codes.js';

/** As in Deflate: lengths fit 4 bits. */
const MAX_BITS = 15;

/**
 * Canonical Huffman code: bit lengths of at most 15 a symbol, 0 for symbols that do not occur. One symbol alone has length 1.
 *
 * Ties are broken by index. Lengths beyond 15 are brought down by halving the counts, as bzip2 does. Source: Huffman 1952; Moffat & Katajainen 1995.
 */
export function huffmanLengths(counts: ArrayLike<number>): Uint8Array {
  for (let scaled = Array.from(counts); ; scaled = scaled.map((count) => Math.ceil(count / 2))) {
    const lengths = treeLengths(scaled);
    if (Math.max(0, ...lengths) <= MAX_BITS) return lengths;
  }
}

function treeLengths(counts: readonly number[]): Uint8Array {
  const lengths = new Uint8Array(counts.length);
  const leaves = counts.flatMap((count, symbol) => (count > 0 ? [{ count, symbols: [symbol] }] : []));
  if (leaves.length === 1) lengths[leaves[0]!.symbols[0]!] = 1;
  // Two queues, each in order: leaves by count, and the nodes made of them, whose counts only grow.
  leaves.sort((a, b) => a.count - b.count || a.symbols[0]! - b.symbols[0]!);
  const nodes: { count: number; symbols: number[] }[] = [];
  const smallest = () => {
    const [leaf] = leaves;
    const [node] = nodes;
    return leaf && (!node || leaf.count <= node.count) ? leaves.shift()! : nodes.shift()!;
  };
  while (leaves.length + nodes.length > 1) {
    const a = smallest();
    const b = smallest();
    const symbols = [...a.symbols, ...b.symbols];
    for (const symbol of symbols) lengths[symbol]!++;
    nodes.push({ count: a.count + b.count, symbols });
  }
  return lengths;
}

/** The code of each symbol: shorter ones first, then by index (RFC 1951, 3.2.2). */
export function canonicalCodes(lengths: Uint8Array): Uint16Array {
  const next = new Uint16Array(MAX_BITS + 2);
  for (const length of lengths) if (length > 0) next[length + 1]!++;
  for (let bits = 1; bits <= MAX_BITS; bits++) next[bits] = (next[bits]! + next[bits - 1]!) << 1;
  return Uint16Array.from(lengths, (length) => (length > 0 ? next[length]!++ : 0));
}

/** Codes symbols with their table in front: 4 bits a length, two a byte. Symbols are below `alphabet`. */
export function encodeHuffman(symbols: ArrayLike<number>, alphabet: number): Uint8Array {
  const counts = new Float64Array(alphabet);
  for (let i = 0; i < symbols.length; i++) counts[symbols[i]!]!++;
  const lengths = huffmanLengths(counts);
  const codes = canonicalCodes(lengths);
  const table = Math.ceil(alphabet / 2);
  let bits = 0;
  for (let i = 0; i < symbols.length; i++) bits += lengths[symbols[i]!]!;
  const bytes = new Uint8Array(table + Math.ceil(bits / 8));
  lengths.forEach((length, symbol) => (bytes[symbol >> 1]! |= length << (4 * (symbol & 1))));
  let at = 8 * table;
  for (let i = 0; i < symbols.length; i++) {
    const symbol = symbols[i]!;
    for (let b = lengths[symbol]! - 1; b >= 0; b--, at++) {
      if ((codes[symbol]! >> b) & 1) bytes[at >> 3]! |= 128 >> (at & 7);
    }
  }
  return bytes;
}

/** The inverse of `encodeHuffman`: `count` symbols. Throws ERR_GSM_FORMAT for bits that are no code or end early. */
export function decodeHuffman(bytes: Uint8Array, alphabet: number, count: number): Uint16Array {
  const table = Math.ceil(alphabet / 2);
  if (bytes.length < table || count > 8 * (bytes.length - table))
    throw damaged('its table and a bit a symbol', 'fewer');
  const lengths = Uint8Array.from(
    { length: alphabet },
    (_, symbol) => (bytes[symbol >> 1]! >> (4 * (symbol & 1))) & 15,
  );
  // Symbols in the order of their codes, and how many there are of each length.
  const order = Array.from(lengths.keys()).filter((symbol) => lengths[symbol]! > 0);
  order.sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const ofLength = new Uint32Array(MAX_BITS + 1);
  for (const symbol of order) ofLength[lengths[symbol]!]!++;
  const symbols = new Uint16Array(count);
  let at = 8 * table;
  for (let i = 0; i < count; i++) {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let bits = 1; ; bits++) {
      if (bits > MAX_BITS || at >= 8 * bytes.length) throw damaged('a code of the table', 'other bits or their end');
      code |= (bytes[at >> 3]! >> (7 - (at & 7))) & 1;
      at++;
      const here = ofLength[bits]!;
      if (code - first < here) {
        symbols[i] = order[index + code - first]!;
        break;
      }
      index += here;
      first = (first + here) << 1;
      code <<= 1;
    }
  }
  return symbols;
}

function damaged(expected: string, received: string): Error {
  return encodeError('ERR_GSM_FORMAT', `huffman stream: expected ${expected}, received ${received}`);
}
