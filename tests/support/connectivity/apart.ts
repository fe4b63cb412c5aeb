/** Runs a lab in namespaces of its own. Its processes are in one too, so that none outlives it, however it ends. */
export const apart = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
