/**
 * `cirron export spool`: what is in journals as a spool, for tools that read its format.
 *
 * @module
 */
import { findRecorded } from "../api/recorded_files.ts";
import { Recordings, skippedText } from "../api/recordings.ts";
import { quote } from "../data/arguments.ts";
import { CirronError } from "../data/errors.ts";
import { jsonOf } from "../data/json_text.ts";
import { printable } from "../data/printable.ts";
import { formatBytes } from "../formats/units.ts";
import { toSpoolFiles } from "../journal/spool_files.ts";
import { isWritable } from "../runtime/permissions.ts";
import { SpoolDirectory } from "../spool/directory.ts";
import { UsageError } from "./argument_spec.ts";
import { type Call, EXIT } from "./command.ts";
import { FILTER_FLAGS } from "./trace_flags.ts";
import { STDOUT_PATH } from "./whole_file.ts";

/**
 * Writes the files of a spool into the directory that `--output` names, one recorder after the other: memory is taken for the rows
 * of one. Files of spools that lie beside the journals stay where they are.
 */
export async function exportSpool({ io, options, operands: [, ...paths] }: Call): Promise<number> {
  const directory = options.text("output") ?? STDOUT_PATH;
  if (directory === STDOUT_PATH) throw new UsageError("a spool is a directory of files: give -o DIRECTORY");
  const filter = FILTER_FLAGS.find(({ name }) => options.has(name));
  if (filter !== undefined) throw new UsageError(`a journal is converted whole, without --${filter.name}`);
  if (!isWritable(directory)) {
    const flags = ["read", "write"].map(name => `--allow-${name}=${directory}`).join(" ");
    throw new CirronError(`Cannot write ${quote(directory)}: Deno needs ${flags} for it`);
  }
  const recordings = new Recordings({ ...findRecorded(paths), spools: [] });
  const skipped = skippedText(recordings);
  if (skipped !== null) io.complain(`cirron: ${printable(skipped)}`);
  const written = { files: 0, bytes: 0, span_count: 0, mark_count: 0 };
  const progress = await io.progress();
  const { recorders } = recordings;
  try {
    const spool = new SpoolDirectory(directory);
    recorders.forEach((recorder, i) => {
      progress?.update("Converting", i, recorders.length);
      for (const { name, content, spanCount, markCount } of toSpoolFiles(recorder)) {
        spool.open();
        spool.write(name, () => content);
        written.files++;
        written.bytes += content.length;
        written.span_count += spanCount;
        written.mark_count += markCount;
      }
    });
  } catch (cause) {
    throw new CirronError(`Cannot write ${quote(directory)}: ${(cause as Error).message}`, { cause });
  } finally {
    progress?.end();
  }
  const { files, bytes, span_count: spans } = written;
  io.write(
    options.has("json")
      ? `${jsonOf({ directory, format: "spool", ...written })}\n`
      : `Wrote ${directory}: ${spans} spans, ${files} file${files === 1 ? "" : "s"}, ${formatBytes(bytes)}\n`,
  );
  return spans > 0 ? EXIT.fine : EXIT.nothing;
}
