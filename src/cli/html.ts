/**
 * `cirron html`: a page to look at.
 *
 * @module
 */
import { CirronError } from "../data/errors.ts";
import { jsonOf } from "../data/json_text.ts";
import { formatBytes } from "../formats/units.ts";
import { node } from "../runtime/builtins.ts";
import { JSON_OPTION, UsageError } from "./argument_spec.ts";
import { type Call, type Command, EXIT } from "./command.ts";
import { FILTER_FLAGS, FOLD_FLAG, traceOptions } from "./trace_flags.ts";
import { STDOUT_PATH, writeWhole } from "./whole_file.ts";

const FLAGS = [...FILTER_FLAGS, FOLD_FLAG];

const DEFAULT_PATH = "cirron.html";

/** See the module. */
export const command: Command = {
  operands: "[DIRECTORY...]",
  options: [
    { name: "output", short: "o", value: "FILE", about: `where to; ${DEFAULT_PATH} without, - for stdout` },
    { name: "open", about: "open it in the browser" },
    ...FLAGS,
    JSON_OPTION,
  ],
  examples: [
    { line: "cirron html", about: `the page as ${DEFAULT_PATH}` },
    { line: "cirron html -o slow.html --slowest 10", about: "of the ten slowest roots" },
    { line: "cirron html -o - | gzip > page.html.gz", about: "to another program" },
  ],
  run: async call => {
    const { io, options, operands, read } = call;
    const path = options.text("output") ?? DEFAULT_PATH;
    const isStdout = path === STDOUT_PATH;
    for (const other of ["json", "open"]) {
      if (isStdout && options.has(other)) throw new UsageError(`--${other} is for a page in a file`);
    }
    const given = traceOptions(options, FLAGS);
    const recorded = await read(operands);
    const page = recorded.trace({ ...given, format: "html" });
    const count = recorded.count({ ...given, fold: null });
    if (isStdout) io.write(page);
    else await writePage(call, path, page, count);
    return count > 0 ? EXIT.fine : EXIT.nothing;
  },
};

async function writePage({ io, options }: Call, path: string, page: string, count: number): Promise<void> {
  const bytes = await writeWhole(path, page);
  if (options.has("json")) io.write(`${jsonOf({ file: path, bytes, span_count: count })}\n`);
  else io.write(`Wrote ${path}: ${count} spans, ${formatBytes(bytes)}\n`);
  if (!options.has("open")) return;
  try {
    await io.openFile(node.path.resolve(path));
  } catch (cause) {
    throw new CirronError(`Cannot open ${path}: ${(cause as Error).message}`, { cause });
  }
}
