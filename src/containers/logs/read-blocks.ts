/** Reads a log file in big blocks of whole records. */
import { begunAnew, type LogFile } from "./log-files.ts";
import { headerBytes, lastRecordEnd } from "./record.ts";

const blockBytes = 512 * 1024;

export type Block = {
  /** Whole records only, and the reader's to change. */
  bytes: Buffer;
  /** Where they begin in the file. */
  offset: number;
};

/** Yields what there is from `offset` on, up to `limit`. Ends before a record that is not complete (yet) or not one at all, or when it is rotated over. */
export async function* readBlocks(file: LogFile, offset = 0, limit = Number.POSITIVE_INFINITY): AsyncGenerator<Block> {
  let at = offset;
  for (;;) {
    const buffer = Buffer.allocUnsafeSlow(blockBytes);
    const { bytesRead } = await file.handle.read(buffer, 0, Math.min(blockBytes, limit - at), at);
    const end = lastRecordEnd(buffer, 0, bytesRead);
    if (end === 0) return;
    if (at === 0) file.head ??= Buffer.from(buffer.subarray(0, headerBytes));
    if (await begunAnew(file)) return;
    yield { bytes: buffer.subarray(0, end), offset: at };
    at += end;
  }
}
