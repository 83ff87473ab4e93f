import { assertEquals, assertStringIncludes } from "@std/assert";
import { mkdirSync, realpathSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

/** What a program in a directory of its own says of `trace({ format: "df" })`. */
interface Told {
  readonly name: string;
  readonly message: string;
  readonly cause: string;
}

const PROGRAM = `
const { trace } = await import(${JSON.stringify(sourceUrl("mod.ts"))});
let told;
try {
  const df = trace({ format: "df" });
  told = { name: "none", message: String(df?.marker ?? df), cause: "" };
} catch (error) {
  told = { name: error.name, message: error.message, cause: String(error.cause) };
}
console.log(JSON.stringify(told));
`;

async function tell(
  directory: TempDirectory,
  flags: readonly string[],
  env: Record<string, string> = {},
): Promise<Told> {
  const program = directory.write("program.mjs", PROGRAM);
  const command = RUNTIME === "deno" ? ["run", "--no-config", ...flags] : [...flags, "run"];
  return said<Told>(await run(findRuntime(RUNTIME)!, [...command, program], { cwd: directory.path, env }));
}

const GRANTED = RUNTIME === "deno" ? ["-A"] : ["--no-install"];

test("trace() as df without nodejs-polars throws a CirronDependencyError with both commands", async () => {
  using directory = new TempDirectory();
  const { name, message } = await tell(directory, GRANTED);
  assertEquals(name, "CirronDependencyError");
  assertStringIncludes(message, "`deno add npm:nodejs-polars@0.24.1`");
  assertStringIncludes(message, "`bun add nodejs-polars@0.24.1`");
});

test("trace() as df without nodejs-polars keeps the reason as the cause", async () => {
  using directory = new TempDirectory();
  assertStringIncludes((await tell(directory, GRANTED)).cause, "nodejs-polars");
});

test("trace() as df takes the nodejs-polars of the working directory", async () => {
  using directory = new TempDirectory();
  mkdirSync(join(directory.path, "node_modules/nodejs-polars"), { recursive: true });
  directory.write(
    "node_modules/nodejs-polars/package.json",
    '{"name":"nodejs-polars","main":"index.js"}',
  );
  directory.write(
    "node_modules/nodejs-polars/index.js",
    "exports.readIPCStream = bytes => ({ marker: `made of ${bytes.constructor.name}` });",
  );
  assertEquals((await tell(directory, GRANTED)).message, "made of Buffer");
});

test("trace() as df with a nodejs-polars that does not load throws a CirronDependencyError with its reason", async () => {
  using directory = new TempDirectory();
  mkdirSync(join(directory.path, "node_modules/nodejs-polars"), { recursive: true });
  directory.write(
    "node_modules/nodejs-polars/package.json",
    '{"name":"nodejs-polars","main":"index.js"}',
  );
  directory.write("node_modules/nodejs-polars/index.js", "throw new Error('wrong libc');");
  const { name, cause } = await tell(directory, GRANTED);
  assertEquals([name, cause], ["CirronDependencyError", "Error: wrong libc"]);
});

test("trace() as df downloads nothing where there is no node_modules", async () => {
  const requests: string[] = [];
  const registry = createServer((request, response) => {
    requests.push(String(request.url));
    response.writeHead(404).end();
  });
  await new Promise<void>(resolve => void registry.listen(0, "127.0.0.1", resolve));
  try {
    using directory = new TempDirectory();
    const url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
    const { name } = await tell(directory, RUNTIME === "deno" ? ["-A"] : [], {
      BUN_CONFIG_REGISTRY: url,
      NPM_CONFIG_REGISTRY: url,
      npm_config_registry: url,
      BUN_INSTALL_CACHE_DIR: join(realpathSync(directory.path), "bun-cache"),
      DENO_DIR: join(realpathSync(directory.path), "deno-cache"),
    });
    assertEquals([requests, name], [[], "CirronDependencyError"]);
  } finally {
    registry.closeAllConnections();
    registry.close();
  }
});

const denoTest = testUnless(RUNTIME === "deno" ? null : "only Deno has permissions", import.meta.url);

denoTest("trace() as df without permission names the flags and both commands, and does not ask", async () => {
  using directory = new TempDirectory();
  const { name, message } = await tell(directory, []);
  assertEquals(name, "CirronDependencyError");
  assertStringIncludes(message, "--allow-read --allow-ffi --allow-sys");
  assertStringIncludes(message, "`deno add npm:nodejs-polars@0.24.1` or `bun add nodejs-polars@0.24.1`");
});

for (const missing of ["read", "ffi", "sys"]) {
  denoTest(`trace() as df without --allow-${missing} throws a CirronDependencyError`, async () => {
    using directory = new TempDirectory();
    const flags = ["read", "ffi", "sys"].filter(flag => flag !== missing).map(flag => `--allow-${flag}`);
    const { name, message } = await tell(directory, flags);
    assertEquals(name, "CirronDependencyError");
    assertStringIncludes(message, "loading it needs --allow-read");
  });
}
