import { chosenPackages, installCommand, reasonsOf, tryPackages } from './backend.js';

/** What `gossamer doctor` says: the backend and the GPU that were found, or why there is none and what would install one. */
export async function describeTfjs(): Promise<{ readonly found: string; readonly install?: string }> {
  const packages = chosenPackages();
  const backend = await tryPackages(packages);
  if (!('tf' in backend)) return { found: reasonsOf(packages, backend), install: installCommand(packages) };
  const { tf, package: name, isGpu } = backend;
  const native = tf.engine().findBackend(backend.name) as { readonly binding?: { readonly TF_Version?: string } };
  const library = native.binding?.TF_Version;
  return {
    found: [
      `${name} ${tf.version_core}`,
      ...(library === undefined ? [] : [`TensorFlow ${library}`]),
      isGpu ? 'on a GPU' : 'on the CPU',
    ].join(', '),
  };
}
