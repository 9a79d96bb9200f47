import { GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { DataSource, OpenDataOptions } from './data-source.js';
import { openIdx } from './idx.js';
import { openImages } from './images.js';
import { openModule } from './module-source.js';
import { openNpz } from './npz.js';
import { openRandom } from './random-source.js';

type Opener = (rest: string, options: OpenDataOptions) => Promise<DataSource>;

/** What `--data` and openData understand, by the word before the colon. */
const OPENERS: Readonly<Record<string, Opener>> = {
  npz: openNpz,
  idx: (rest, options) => {
    const [images = '', labels, ...more] = rest.split(',');
    if (more.length > 0) throw refuse('idx:IMAGES,LABELS', `idx:${rest}`);
    return openIdx(images, labels, options);
  },
  images: openImages,
  module: openModule,
  random: async (rest, options) => {
    if (!/^\d+$/.test(rest)) throw refuse('random:N with N samples', `random:${rest}`);
    return openRandom(Number(rest), options);
  },
};

/** The kinds of data that openData understands. */
export const DATA_KINDS: readonly string[] = Object.keys(OPENERS);

function refuse(expected: string, received: string): GossamerError<RuntimeErrorCode> {
  return new GossamerError('ERR_DATA_SPEC', `data: expected ${expected}, received ${received}`);
}

/**
 * Opens samples: `npz:FILE`, `idx:IMAGES[,LABELS]`, `images:DIR`, `module:FILE.mjs` or `random:N`. Throws ERR_DATA_SPEC for anything
 * else, ERR_DATA_FILE for a file that is not what it should be.
 */
export async function openData(spec: string, options: OpenDataOptions = {}): Promise<DataSource> {
  const colon = spec.indexOf(':');
  const opener = colon > 0 && Object.hasOwn(OPENERS, spec.slice(0, colon)) ? OPENERS[spec.slice(0, colon)] : undefined;
  const rest = spec.slice(colon + 1);
  if (!opener || rest === '') {
    throw refuse('npz:FILE, idx:IMAGES,LABELS, images:DIR, module:FILE.mjs or random:N', spec === '' ? '""' : spec);
  }
  if (options.limit !== undefined && !(Number.isSafeInteger(options.limit) && options.limit > 0)) {
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_OPTION',
      `limit: expected an integer > 0, received ${options.limit}`,
    );
  }
  return opener(rest, options);
}
