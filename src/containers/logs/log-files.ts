/** The files of one log, oldest first, though they may be rotated while they are being opened. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { headerBytes } from "./record.ts";

export type LogFile = AsyncDisposable & {
  handle: FileHandle;
  inode: bigint;
  /** When it was opened; the newest grows. */
  sizeBytes: number;
  /** Its first header, once read. Another one in its place means that the file was begun anew: it is being rotated over. */
  head: Buffer | null;
  /** What it was is lost to its reader. */
  lost: boolean;
};

const attempts = 10;

export async function openLogFiles(path: string, maxFiles: number): Promise<LogFile[]> {
  for (let attempt = 1; ; attempt++) {
    const files: LogFile[] = [];
    for (let index = maxFiles - 1; index >= 0; index--) {
      const file = await openLogFile(nameOf(path, index));
      if (file) files.push(file);
    }
    const newest = files.at(-1);
    const settled = newest === undefined || newest.inode === (await inodeOf(path));
    const distinct = new Set(files.map((file) => file.inode)).size === files.length;
    if ((settled && distinct) || attempt === attempts) return files;
    for (const file of files) await file[Symbol.asyncDispose]();
  }
}

/** Looks whether the file is still the one whose reading was begun. To be asked after a read, before what it gave is used. */
export async function begunAnew(file: LogFile): Promise<boolean> {
  if (file.head === null || file.lost) return file.lost;
  const now = Buffer.alloc(headerBytes);
  const { bytesRead } = await file.handle.read(now, 0, headerBytes, 0);
  file.lost = bytesRead < headerBytes || !now.equals(file.head);
  return file.lost;
}

/** The file written after `current`; null when that is still the newest. */
export async function openNext(path: string, maxFiles: number, current: LogFile | undefined): Promise<LogFile | null> {
  if (current && !current.lost) {
    const { inode } = current;
    if ((await inodeOf(path)) === inode) {
      if (!(await begunAnew(current))) return null;
    } else {
      for (let index = 1; index < maxFiles; index++) {
        if ((await inodeOf(nameOf(path, index))) === inode) return openLogFile(nameOf(path, index - 1));
      }
    }
  }
  // It was rotated away altogether: go on with the oldest there is.
  for (let index = maxFiles - 1; index >= 0; index--) {
    const file = await openLogFile(nameOf(path, index));
    if (file) return file;
  }
  return null;
}

const nameOf = (path: string, index: number): string => (index === 0 ? path : `${path}.${index}`);

async function openLogFile(path: string): Promise<LogFile | null> {
  try {
    const handle = await open(path, "r");
    const { ino, size } = await handle.stat({ bigint: true });
    const sizeBytes = Number(size);
    return { handle, inode: ino, sizeBytes, head: null, lost: false, [Symbol.asyncDispose]: () => handle.close() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

async function inodeOf(path: string): Promise<bigint | null> {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch {
    return null;
  }
}
