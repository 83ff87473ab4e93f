/**
 * Serves requests, traced by one contestant, and prints what each took of the processor in nanoseconds, and what the process has
 * resident in bytes at the end: `[ns, bytes]`. Arguments: the contestant's name, `fetch` for requests that are made in this very
 * process or `http`, how many requests are served first, and of how many it is told.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert";
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findBinary } from "../../tools/install.mjs";
import { type ContestantName, CONTESTANTS } from "./contestants.ts";
import { expected, type Handler, makeHandler, pathOf, SCOPES } from "./workload.ts";

const IN_FLIGHT = 32;
const CHECKED = 3;

const [name, way, warm, measured] = process.argv.slice(2);
const contestant = await CONTESTANTS[name as ContestantName]();
const handler = await makeHandler(contestant);

await check();
const load = way === "http" ? await serveHttp(handler) : fetchAll;
await load(Number(warm));
await contestant.flush();
const before = process.cpuUsage();
await load(Number(measured));
await contestant.flush(); // what was recorded here is given away here
const { user, system } = process.cpuUsage(before);
const rss = process.memoryUsage().rss;
if (contestant.read !== null) {
  strictEqual(contestant.count(), (CHECKED + Number(warm) + Number(measured)) * SCOPES);
}
console.log(JSON.stringify([(user + system) * 1000, rss]));
process.exit(0);

/** What is answered, and what is recorded of it, is the same whoever traces. */
async function check(): Promise<void> {
  const numbers = Array.from({ length: CHECKED }, (_, i) => i);
  const answers = await Promise.all(
    numbers.map(async number => await (await handler(requestOf(number))).json()),
  );
  deepStrictEqual(answers, numbers.map(number => expected(number).body));
  const recorded = await contestant.read?.();
  if (recorded === undefined) return;
  deepStrictEqual(
    recorded.map(one => JSON.stringify(one)).sort(),
    numbers.flatMap(number => expected(number).scopes).map(one => JSON.stringify(one)).sort(),
  );
}

function requestOf(number: number): Request {
  return new Request(`http://localhost${pathOf(number)}`);
}

/** Makes requests in this process, so many in all, the next when one is answered. */
async function fetchAll(count: number): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (next < count) {
      const response = await handler(requestOf(next++));
      strictEqual(response.status, 200);
      await response.text();
    }
  }));
}

/** What is used of the runtimes' servers. */
interface Servers {
  readonly Deno?: {
    serve(options: object, handler: Handler): { readonly addr: { readonly port: number } };
  };
  readonly Bun?: { serve(options: object): { readonly port: number } };
}

/** Opens a port. Requests come from another process, which is the same beside either runtime. */
function serveHttp(handler: Handler): (count: number) => Promise<void> {
  const { Deno, Bun } = globalThis as Servers;
  const hostname = "127.0.0.1";
  const port = Deno === undefined
    ? Bun!.serve({ hostname, port: 0, fetch: handler }).port
    : Deno.serve({ hostname, port: 0, onListen() {} }, handler).addr.port;
  const client = findBinary("bun")!;
  const program = fileURLToPath(new URL("./client.ts", import.meta.url));
  return count =>
    new Promise((resolve, reject) => {
      const args = [program, String(port), String(count), String(IN_FLIGHT)];
      spawn(client, args, { stdio: ["ignore", "inherit", "inherit"] })
        .on("error", reject)
        .on(
          "exit",
          status => status === 0 ? resolve() : reject(new Error(`The client ended with ${status}`)),
        );
    });
}
