/**
 * Trains a small network on real data, then looks at where the time went.
 *
 *     deno run -A examples/train.ts
 *     bun examples/train.ts
 *
 * @module
 */
import * as ci from "@cirron/sdk";
import { pl } from "@cirron/sdk/polars";
import { loadIris, miniBatches, SOURCE, SPECIES, streamBatches } from "./iris/loader.ts";
import { countCorrect, lossOf, Mlp } from "./iris/model.ts";
import { seededRandom } from "./iris/random.ts";

const EPOCHS = 40;
const BATCH_SIZE = 24;

// The year of the data. How few errors are left is partly luck: of the seeds 0 to 99, 96 give 27 to 30 right out of 30.
const random = seededRandom(1936);
const { train, test } = loadIris(0.8, random);
const model = new Mlp(4, 16, SPECIES.length, random);

// --- Record -----------------------------------------------------------------------------------------------------

// A session in memory: "none" writes nothing to disk.
ci.profile({ output: "none" });

for (const _epoch of ci.epochs(EPOCHS)) {
  let lossSum = 0;
  let correct = 0;
  // Each turn of the loop is a span; the time the loader takes for it is kept apart, as `data_load_ns`.
  for (const { features, labels } of ci.batches(miniBatches(train, BATCH_SIZE, random))) {
    const probabilities = ci.scope("forward", () => model.forward(features));
    ci.scope("backward", () => model.backward(probabilities, labels));
    ci.scope("update", () => model.update(0.05, 0.9));
    const loss = lossOf(probabilities, labels);
    ci.mark("loss", loss); // hangs on the batch: the innermost scope that is open
    lossSum += loss * labels.length;
    correct += countCorrect(probabilities, labels);
  }
  // "summary" marks are results: kept for good, where a span keeps only its newest 1024 points.
  ci.mark("epoch_loss", lossSum / train.length, { kind: "summary" });
  ci.mark("accuracy", correct / train.length, { kind: "summary" });
}

// The same with a source that is awaited. A scope around an async function closes when its promise settles.
const accuracy = await ci.scope("test", async scope => {
  let correct = 0;
  for await (const { features, labels } of ci.batches(streamBatches(test, 10))) {
    const right = countCorrect(model.forward(features), labels);
    ci.mark("correct", right);
    correct += right;
  }
  scope.mark("accuracy", correct / test.length, { kind: "summary" });
  return correct / test.length;
});

// --- Read back --------------------------------------------------------------------------------------------------

console.log(`Data: ${SOURCE}`);
console.log(`Test accuracy: ${(accuracy * 100).toFixed(1)} % of ${test.length} flowers never trained on`);

// A row per path of names, the heaviest first. "self" is the time in which nothing below a span ran.
console.log("\nWhere the time went:");
console.log(ci.trace({ format: "summary" }));

console.log("\nThe last epoch:"); // on a terminal with guides, shares and colours
ci.trace({ name: "epoch", roots: 1 });

console.log("\nThe last batch as JSON:");
console.log(JSON.stringify(JSON.parse(ci.trace({ format: "json", name: "batch", last: 1 })), null, 2));
const { span_count: spanCount } = ci.trace({ format: "dict" });
console.log(`The whole trace: ${spanCount} spans, ${ci.trace({ format: "json" }).length} characters of JSON`);

// A row per span, in polars: any question is a query. The first batches ran before the code was optimized: see p99.
console.log("\nMicroseconds by scope, training only:");
const spans = ci.trace({ format: "df", name: "epoch" });
const percentile = (p: number) => pl.col("wall_us").quantile(p / 100).round(1).alias(`p${p}`);
const table = spans.groupBy("name")
  .agg(
    pl.col("wall_us").count().alias("count"),
    percentile(50),
    percentile(95),
    percentile(99),
    pl.col("wall_us").sum().round(1).alias("total"),
  )
  .sort("total", true);
console.log(table.toString());

// What the figures were read from, or why there are none.
const { wall, cpu } = ci.health().probes;
console.log(`\nwall_us: ${wall.source}\ncpu_ns:  ${cpu.source ?? cpu.reason}`);

ci.shutdown();
