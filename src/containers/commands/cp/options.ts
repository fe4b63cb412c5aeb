export type CopyOptions = {
  /** Keep owners. */
  archive: boolean;
  followLink: boolean;
  quiet: boolean;
};
