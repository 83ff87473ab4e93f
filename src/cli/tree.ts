/**
 * `cirron tree`: the spans as a tree.
 *
 * @module
 */
import { JSON_OPTION } from "./argument_spec.ts";
import { type Command, EXIT } from "./command.ts";
import { FILTER_FLAGS, FOLD_FLAG, traceOptions } from "./trace_flags.ts";

const FLAGS = [...FILTER_FLAGS, FOLD_FLAG];

/** See the module. */
export const command: Command = {
  operands: "[DIRECTORY...]",
  options: [...FLAGS, JSON_OPTION],
  examples: [
    { line: "cirron tree", about: "all of it; on a terminal equal siblings are folded" },
    { line: "cirron tree --name request --slowest 3", about: "the three slowest requests, whole" },
    { line: "cirron tree --min 1ms --depth 2 | head -n 20", about: "the upper levels, in a pipe" },
  ],
  run: async ({ io, options, operands, read }) => {
    const given = traceOptions(options, FLAGS);
    const recorded = await read(operands);
    if (options.has("json")) io.write(`${recorded.trace({ ...given, format: "json" })}\n`);
    else recorded.trace({ ...given, format: "tree" });
    return recorded.count({ ...given, fold: null }) > 0 ? EXIT.fine : EXIT.nothing;
  },
};
