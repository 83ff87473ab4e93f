/**
 * `cirron export`: a file for other programs.
 *
 * @module
 */
import type { DataFrame } from "../api/trace.ts";
import type { TraceOptions } from "../api/trace_options.ts";
import { CirronDependencyError, CirronError } from "../data/errors.ts";
import { jsonOf } from "../data/json_text.ts";
import { formatBytes } from "../formats/units.ts";
import { deno } from "../runtime/which.ts";
import { JSON_OPTION, UsageError } from "./argument_spec.ts";
import { type Call, type Command, EXIT } from "./command.ts";
import type { Recorded } from "./reading.ts";
import { FILTER_FLAGS, traceOptions } from "./trace_flags.ts";
import { STDOUT_PATH, writeWhole } from "./whole_file.ts";

type Encode = (recorded: Recorded, given: TraceOptions) => string | Uint8Array;

/** What can be made: its name on the command line, and how. */
const ENCODERS: Readonly<Record<string, Encode>> = {
  perfetto: ({ trace }, given) => `${trace({ ...given, format: "perfetto" })}\n`,
  speedscope: ({ trace }, given) => `${trace({ ...given, format: "speedscope" })}\n`,
  json: ({ trace }, given) => `${trace({ ...given, format: "json" })}\n`,
  csv: (recorded, given) => frameOf(recorded, given).writeCSV() as unknown as string | Uint8Array,
  parquet: (recorded, given) => frameOf(recorded, given).writeParquet() as unknown as Uint8Array,
};

/** Not for eyes: on a terminal its bytes would be obeyed. */
const BINARY = "parquet";

/** Many files, and so written by itself. */
const SPOOL = "spool";

/** See the module. */
export const command: Command = {
  operands: "FORMAT [DIRECTORY...]",
  choices: [...Object.keys(ENCODERS), SPOOL],
  details: `FORMAT is perfetto (ui.perfetto.dev, chrome://tracing, DevTools), speedscope
(speedscope.app), json (the tree), csv or parquet (a row per span; these two
need nodejs-polars), or spool (journals as files of the spool's format, whole,
into the directory that -o names).`,
  options: [
    { name: "output", short: "o", value: "FILE", about: "where to; stdout without" },
    {
      name: "partition",
      value: "run,rank",
      choices: ["run,rank"],
      about: "parquet: a folder, a file per rank of a run",
    },
    ...FILTER_FLAGS,
    { ...JSON_OPTION, about: "say in JSON what was written; with -o" },
  ],
  examples: [
    { line: "cirron export perfetto -o trace.json", about: "open it in ui.perfetto.dev" },
    {
      line: "cirron export speedscope --slowest 1 -o slow.json",
      about: "the slowest root, for speedscope.app",
    },
    { line: "cirron export json --name request | head -c 300", about: "in a pipe" },
  ],
  run: async call => {
    const { io, options, operands: [format, ...directories], read } = call;
    if (format === SPOOL) return await (await import("./export_spool.ts")).exportSpool(call);
    if (options.has("partition")) return await exportPartitions(call);
    const path = options.text("output") ?? STDOUT_PATH;
    const isStdout = path === STDOUT_PATH;
    if (isStdout && options.has("json")) {
      throw new UsageError("--json is for what goes into a file: give -o FILE");
    }
    if (isStdout && format === BINARY && io.terminal() !== null) {
      throw new UsageError(`${BINARY} is not for a terminal: give -o FILE, or a pipe`);
    }
    const given = traceOptions(options, FILTER_FLAGS);
    const recorded = await read(directories);
    const content = ENCODERS[format](recorded, given);
    const count = recorded.count(given);
    if (isStdout) io.write(content);
    else {
      const bytes = await writeWhole(path, content);
      if (options.has("json")) {
        io.write(`${jsonOf({ file: path, format, bytes, span_count: count })}\n`);
      } else io.write(`Wrote ${path}: ${count} spans, ${formatBytes(bytes)}\n`);
    }
    return count > 0 ? EXIT.fine : EXIT.nothing;
  },
};

async function exportPartitions(
  { io, options, operands: [format, ...directories] }: Call,
): Promise<number> {
  if (format !== BINARY) throw new UsageError(`--partition is for ${BINARY}`);
  const path = options.text("output");
  if (path === undefined || path === STDOUT_PATH) {
    throw new UsageError("--partition makes a folder: give -o FOLDER");
  }
  const { writePartitions } = await import("./export_partitions.ts");
  const written = await writePartitions(directories, path, traceOptions(options, FILTER_FLAGS), io).catch(
    asUsers,
  );
  const { fileCount, spanCount, bytes } = written;
  if (options.has("json")) {
    io.write(`${jsonOf({ file: path, format, file_count: fileCount, bytes, span_count: spanCount })}\n`);
  } else {
    const files = fileCount === 1 ? "1 file" : `${fileCount} files`;
    io.write(`Wrote ${path}: ${files}, ${spanCount} spans, ${formatBytes(bytes)}\n`);
  }
  return spanCount > 0 ? EXIT.fine : EXIT.nothing;
}

function frameOf({ trace }: Recorded, given: TraceOptions): DataFrame {
  try {
    return trace({ ...given, format: "df" });
  } catch (cause) {
    return asUsers(cause);
  }
}

/** Throws what is wrong, as it is said to who calls a command. */
function asUsers(cause: unknown): never {
  if (!(cause instanceof CirronDependencyError)) throw cause;
  const needs = deno() === null ? "" : ", and --allow-read --allow-ffi --allow-sys";
  throw new CirronError(`This format needs nodejs-polars in node_modules: ${INSTALL}${needs}`, { cause });
}

const INSTALL = '"npm install nodejs-polars@0.24.1" or "bun add nodejs-polars@0.24.1" adds it';
