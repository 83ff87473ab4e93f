/**
 * Several requests in flight at once, each with a tree of its own. Timers stand in for the database.
 *
 *     deno run examples/server.ts
 *     bun examples/server.ts
 *
 * It needs no permission: without them durations come from `performance.now()`. Add `--allow-ffi` for the finer clock.
 *
 * @module
 */
import * as ci from "@cirron/sdk";
import { setTimeout } from "node:timers/promises";

const ITEMS: Record<string, { title: string; reviews: number; queryMs: number }> = {
  "1": { title: "Lamp", reviews: 12, queryMs: 20 },
  "2": { title: "Chair", reviews: 7, queryMs: 60 },
};

// --- The server -------------------------------------------------------------------------------------------------

/** Items asked for so far: whoever comes while the query is still running waits for that one. */
const cache = new Map<string, Promise<string>>();

function findItem(id: string): Promise<string> {
  const cached = cache.get(id);
  ci.mark("cache_hit", cached !== undefined); // hangs on the request that is being served, whichever that is
  if (cached !== undefined) return ci.scope("wait", () => cached);
  const item = ci.scope("query", { attrs: { table: "items", id } }, async () => {
    await setTimeout(ITEMS[id]?.queryMs ?? 30);
    if (ITEMS[id] === undefined) throw new RangeError(`No item ${id}`);
    return ITEMS[id].title;
  });
  cache.set(id, item);
  return item;
}

function countReviews(id: string): Promise<number> {
  return ci.scope("query", { attrs: { table: "reviews", id } }, async () => {
    await setTimeout(10);
    return ITEMS[id]?.reviews ?? 0;
  });
}

/** The function makes a flow of its own: what it opens hangs on this request, across every `await`. */
function serve(path: string, index: number): Promise<string> {
  return ci.scope("request", { index, attrs: { path } }, async request => {
    const id = path.slice("/items/".length);
    // Both queries run at the same time, next to each other in the same request.
    const [title, reviews] = await Promise.all([findItem(id), countReviews(id)]);
    const page = ci.scope("render", () => `<h1>${title}</h1><p>${reviews} reviews</p>`);
    request.mark("bytes", page.length); // on this very scope, whatever is innermost
    return page;
  });
}

// Recording and looking need no profile(). Item 9 does not exist; the last request finds item 1 on its way.
const paths = ["/items/1", "/items/2", "/items/9", "/items/1"];
const results = await Promise.allSettled(paths.map(serve));

// --- Read back --------------------------------------------------------------------------------------------------

const served = results.filter(result => result.status === "fulfilled").length;
console.log(`${served} of ${paths.length} requests served:\n`);
ci.trace();

const { roots: requests } = ci.trace({ format: "dict" });

console.log("\nWhose queries they are:");
for (const { index, attrs, children } of requests) {
  const queries = children.filter(child => child.name === "query")
    .map(query => `${query.attrs.table} ${query.attrs.id}`);
  console.log(`  request[${index}] ${attrs.path}: ${queries.join(", ")}`);
}

// A scope whose function throws closes all the same, with the error as an attribute, and lets the error go on.
console.log("\nFailed:");
for (const { index, attrs } of requests) {
  if (attrs.error !== undefined) console.log(`  request[${index}] ${attrs.path}: ${attrs.error}`);
}

// With awaits inside, more than one request was open at a time: the sum of their times exceeds the time that passed.
const begin = Math.min(...requests.map(request => request.start_us));
const end = Math.max(...requests.map(request => request.end_us ?? begin));
const sum = requests.reduce((total, request) => total + request.wall_us, 0);
console.log(`\n${ms(sum)} of requests in ${ms(end - begin)}`);

const slowest = requests.toSorted((a, b) => b.wall_us - a.wall_us)[0];
console.log(`Slowest: request[${slowest.index}] ${slowest.attrs.path}, ${ms(slowest.wall_us)}`);

function ms(us: number): string {
  return `${(us / 1000).toFixed(1)}ms`;
}
