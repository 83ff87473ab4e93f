/**
 * `cirron doctor`: what is measured here, what is not and why, and which flag would change that. It never has Deno prompt.
 *
 * @module
 */
import type { ProbeHealth } from "../data/health.ts";
import { jsonOf } from "../data/json_text.ts";
import { printable } from "../data/printable.ts";
import { JSON_OPTION } from "./argument_spec.ts";
import { type Command, EXIT } from "./command.ts";
import type { Report } from "./doctor_report.ts";

/** See the module. */
export const command: Command = {
  operands: "",
  mostOperands: 0,
  details: `Under Deno, call it with the flags of the program that it is about:
deno run --allow-read=.cirron --allow-write=.cirron jsr:@cirron/sdk/cli doctor`,
  options: [JSON_OPTION],
  examples: [
    { line: "cirron doctor", about: "what each counter is read from, or why it is not" },
    { line: "cirron doctor | grep gpu", about: "one of them" },
    { line: "cirron doctor --json", about: "for a program" },
  ],
  run: async ({ io, options }) => {
    const { examine } = await import("./doctor_report.ts");
    const report = await examine();
    io.write(options.has("json") ? `${jsonOf(report)}\n` : `${toText(report)}\n`);
    return EXIT.fine;
  },
};

function toText(report: Report): string {
  const { probes, permissions, advice } = report;
  const { wall, cpu, gpu, memory } = probes;
  const lines = [
    `cirron ${report.version} on ${report.runtime} ${report.runtime_version}, ${report.platform} ${report.arch}`,
    "",
    ...([
      ["wall_us", wall],
      ["cpu_ns", cpu],
      ["gpu_ns", gpu],
      ["memory_peak_bytes", memory],
      ["journal", report.journal],
      ["spool", report.spool],
      ["variables", report.variables],
      ["DataFrames", report.data_frames],
    ] as const).map(([name, probe]) => `  ${name.padEnd(17)}  ${probeText(probe)}`),
    ...gpu.devices.map(({ name, source }) => `  ${"".padEnd(17)}  ${name} (${source ?? "no source"})`),
    "",
  ];
  if (permissions !== null) {
    const granted = Object.entries(permissions).filter(([, state]) => state === "granted").map(([name]) =>
      name
    );
    lines.push(`Granted as a whole: ${granted.length === 0 ? "nothing" : granted.join(", ")}.`);
  }
  if (advice.length === 0) lines.push("No flag would give more.");
  for (const { flag, gives } of advice) lines.push(`For ${gives}:`, `  ${flag}`);
  return lines.map(printable).join("\n");
}

function probeText({ present, source, reason }: ProbeHealth): string {
  return present ? String(source) : `absent: ${reason}`;
}
