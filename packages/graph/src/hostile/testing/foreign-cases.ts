import { fileCase, type HostileFamily } from './hostile-case.js';

const FOREIGN = 'ERR_NOT_ONNX';

const hex = (name: string, bytes: string) => fileCase(name, FOREIGN, () => Buffer.from(bytes, 'hex'));
const text = (name: string, content: string) => fileCase(name, FOREIGN, () => Buffer.from(content, 'utf8'));

/** Files of other formats under the name of a model. */
export const foreignCases: HostileFamily = {
  name: 'other formats',
  format: 'onnx',
  cases: [
    hex('a zip archive (.pt, .npz, .keras)', '504b0304140008080800000000000000000000000000000000000000000000'),
    hex('a pickle of protocol 2', '80027d71002858010000006171014b0175'),
    hex('a pickle of protocol 4', '80049507000000000000007d9401'),
    hex('a gzip archive', '1f8b08000000000000034b040043beb7e801000000'),
    hex('an HDF5 file', '894844460d0a1a0a0000000000080800'),
    hex('a GGUF file', '475547460300000000000000'.replace('47554746', '47475546')),
    hex('a NumPy array', '934e554d5059010076007b276465736372273a'),
    text('an HTML page', '<!DOCTYPE html><html><head><title>404</title></head></html>'),
    text('a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
  ],
};
