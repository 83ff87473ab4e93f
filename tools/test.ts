/**
 * `deno task test`: every test on Deno and on Bun. The last line has the sum, and the one before it why some were skipped.
 *
 * @module
 */
import { run } from "./run.ts";

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

// Failures are worth a line; thousands of passes are not, and skips have one at the end.
const PASSED = /^running \d+ tests? from|\.\.\. (?:ok|ignored) \(|^\(skip\) |^-+ post-test output|^$/;

// What `testUnless` prints for each test that it skips.
const SKIPPING = /^\S+: skipping ".*": (.*)$/;

const total: Count = { passed: 0, failed: 0, skipped: 0 };
const reasons = new Map<string, number>();
const wanted = Deno.args;
const tests = wanted.length > 0 ? wanted : ["tests"];

await count("Deno", ["deno", "test", "-A", "--no-check", ...tests], denoCount);
// Bun gives a test 5 s; those that start whole programs on a busy machine take longer.
await count("Bun", [
  "bun",
  "test",
  "--only-failures",
  "--timeout",
  "120000",
  ...tests.map(path => `./${path}`),
], bunCount);

if (total.skipped > 0) console.log(`\nskipped: ${reasonsText()}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.skipped > 0 ? "" : "\n"}${total.passed} passed, ${total.failed} failed${skipped}`);
Deno.exit(total.failed === 0 ? 0 : 1);

async function count(
  title: string,
  [name, ...args]: string[],
  read: (output: string) => Count | null,
): Promise<void> {
  console.log(`\n== ${title}`);
  const { ok, output } = await run(name as "deno" | "bun", args, line => {
    const reason = SKIPPING.exec(line)?.[1];
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    return reason === undefined && !PASSED.test(line);
  });
  // A runner that died, or counted nothing, has failed whatever it printed before.
  const found = read(output) ?? { passed: 0, failed: 0, skipped: 0 };
  if ((!ok && found.failed === 0) || found.passed + found.failed === 0) found.failed++;
  total.passed += found.passed;
  total.failed += found.failed;
  total.skipped += found.skipped;
}

/** Why tests were skipped, the most frequent reason first. */
function reasonsText(): string {
  const known = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  if (known < total.skipped) reasons.set("no reason given", total.skipped - known);
  return [...reasons].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${count} ${reason}`).join("; ");
}

function denoCount(output: string): Count | null {
  const line = [...output.matchAll(/^(?:ok|FAILED) \| (.*)$/gm)].at(-1)?.[1];
  return line === undefined ? null : {
    passed: numberBefore(line, "passed"),
    failed: numberBefore(line, "failed"),
    skipped: numberBefore(line, "ignored"),
  };
}

function bunCount(output: string): Count | null {
  const lines = output.slice(output.search(/^ *\d+ pass$/m));
  return /^ *\d+ pass$/m.test(output)
    ? {
      passed: numberBefore(lines, "pass"),
      failed: numberBefore(lines, "fail"),
      skipped: numberBefore(lines, "skip"),
    }
    : null;
}

function numberBefore(text: string, word: string): number {
  return Number(text.match(new RegExp(`(\\d+) ${word}\\b`))?.[1] ?? 0);
}
