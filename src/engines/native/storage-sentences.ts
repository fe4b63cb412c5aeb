/** What archives and trees could not have done to them: a step of `native/storage` → what was tried, and where errno says too little, why not. */
export type Sentence = { action: string; state?: string; hint?: string };

/** `at` is the path with a space before it, or empty. */
export function storageSentence(step: string, at: string): Sentence | undefined {
  const named = at === "" ? " a file" : at;
  const sentences: Record<string, Sentence> = {
    read: { action: `read${named}` },
    write: { action: `write${named}` },
    open: { action: `open${named}` },
    copy: { action: `copy${named}` },
    remove: { action: `remove${named}` },
    mounted: { action: `remove${named}`, state: "something is mounted there", hint: "unmount it first" },
    dest: { action: `unpack into${named}` },
    destination: { action: `write to${named} in the container` },
    resolve: { action: `find${named} in the container` },
    volume: { action: `reach the volume${at}` },
    overwrite: { action: `overwrite${named}` },
    traversal: { action: `unpack${named}`, state: "it leads out of its directory" },
    corrupt: { action: `read the archive${at === "" ? "" : ` at${at}`}`, state: "it is damaged" },
    format: { action: "read the archive", state: "it is of a kind that is not known" },
    limit: { action: `unpack the archive${at === "" ? "" : ` at${at}`}`, state: "it is larger than allowed" },
    digest: { action: `accept the content${at}`, state: "it is not what its digest says" },
    flat: { action: `take${named} from the archive`, state: "only files, directories and symbolic links belong there" },
    overlay: { action: `keep${named} in a layer` },
    changed: { action: `read${named}`, state: "it changed meanwhile", hint: "try again when nothing writes to it" },
    compress: { action: "compress the layer" },
    stream: { action: "hand on the archive", state: "the other side went away" },
    cancelled: { action: "finish the work", state: "it was cancelled" },
    draft: { action: "make a draft of the content" },
    commit: { action: `put${named} into its place` },
    lock: { action: `lock${named}` },
    sweep: { action: `sweep${named}` },
    tree: { action: `read the tree of files${at}`, state: "it is damaged" },
    content: { action: `verify${named}`, state: "it is not what its digest says" },
    recipe: { action: `read the image's recipe${at}`, state: "it is damaged" },
  };
  return sentences[step];
}
