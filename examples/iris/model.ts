/**
 * A multilayer perceptron in plain loops: inputs -> hidden layer -> ReLU -> classes -> softmax.
 *
 * Every matrix is a flat array, one row after the other, with a row per sample of the batch.
 *
 * @module
 */
import type { Random } from "./random.ts";

/** A fully connected layer: y = x W + b. */
class Dense {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  /** Derivatives of the loss, left by `backward` for `update`. */
  readonly weightGradients: Float64Array;
  readonly biasGradients: Float64Array;
  /** Running sums of past steps: the momentum. */
  readonly weightSteps: Float64Array;
  readonly biasSteps: Float64Array;
  /** What the layer was last given: `backward` needs it. */
  #x: Float64Array = new Float64Array();

  constructor(inputs: number, outputs: number, random: Random) {
    this.inputs = inputs;
    this.outputs = outputs;
    // He's initialization: keeps the spread of values about equal from layer to layer.
    const limit = Math.sqrt(6 / inputs);
    this.weights = Float64Array.from({ length: inputs * outputs }, () => (2 * random() - 1) * limit);
    this.bias = new Float64Array(outputs);
    this.weightGradients = new Float64Array(inputs * outputs);
    this.biasGradients = new Float64Array(outputs);
    this.weightSteps = new Float64Array(inputs * outputs);
    this.biasSteps = new Float64Array(outputs);
  }

  forward(x: Float64Array): Float64Array {
    const { inputs, outputs, weights, bias } = this;
    this.#x = x;
    const rows = x.length / inputs;
    const y = new Float64Array(rows * outputs);
    for (let row = 0; row < rows; row++) {
      for (let o = 0; o < outputs; o++) {
        let sum = bias[o];
        for (let i = 0; i < inputs; i++) sum += x[row * inputs + i] * weights[i * outputs + o];
        y[row * outputs + o] = sum;
      }
    }
    return y;
  }

  /** Takes the loss's derivatives by y; leaves those by weights and bias, returns those by x. */
  backward(dy: Float64Array): Float64Array {
    const { inputs, outputs, weights, weightGradients, biasGradients } = this;
    const x = this.#x;
    const dx = new Float64Array(x.length);
    weightGradients.fill(0);
    biasGradients.fill(0);
    for (let row = 0; row < x.length / inputs; row++) {
      for (let o = 0; o < outputs; o++) {
        const d = dy[row * outputs + o];
        biasGradients[o] += d;
        for (let i = 0; i < inputs; i++) {
          weightGradients[i * outputs + o] += x[row * inputs + i] * d;
          dx[row * inputs + i] += weights[i * outputs + o] * d;
        }
      }
    }
    return dx;
  }

  update(learningRate: number, momentum: number): void {
    descend(this.weights, this.weightGradients, this.weightSteps, learningRate, momentum);
    descend(this.bias, this.biasGradients, this.biasSteps, learningRate, momentum);
  }
}

function descend(
  values: Float64Array,
  gradients: Float64Array,
  steps: Float64Array,
  learningRate: number,
  momentum: number,
): void {
  for (let i = 0; i < values.length; i++) {
    steps[i] = momentum * steps[i] - learningRate * gradients[i];
    values[i] += steps[i];
  }
}

/** A classifier with one hidden layer. */
export class Mlp {
  readonly #hidden: Dense;
  readonly #output: Dense;
  /** The hidden layer's values after ReLU. */
  #active: Float64Array = new Float64Array();

  constructor(inputs: number, hidden: number, classes: number, random: Random) {
    this.#hidden = new Dense(inputs, hidden, random);
    this.#output = new Dense(hidden, classes, random);
  }

  /** The probability of each class, a row per sample. */
  forward(features: Float64Array): Float64Array {
    this.#active = this.#hidden.forward(features).map(value => Math.max(0, value));
    return softmax(this.#output.forward(this.#active), this.#output.outputs);
  }

  /** How each parameter changes the loss of the batch that `forward` saw last. */
  backward(probabilities: Float64Array, labels: readonly number[]): void {
    const classes = this.#output.outputs;
    // Softmax and cross-entropy together have a simple derivative: probability minus truth.
    const d = probabilities.slice();
    labels.forEach((label, row) => d[row * classes + label] -= 1);
    const dActive = this.#output.backward(d.map(value => value / labels.length));
    // ReLU lets the derivative through where it let the value through.
    this.#hidden.backward(dActive.map((value, i) => this.#active[i] > 0 ? value : 0));
  }

  /** A step of gradient descent with momentum. */
  update(learningRate: number, momentum: number): void {
    this.#hidden.update(learningRate, momentum);
    this.#output.update(learningRate, momentum);
  }
}

function softmax(scores: Float64Array, classes: number): Float64Array {
  const result = new Float64Array(scores.length);
  for (let start = 0; start < scores.length; start += classes) {
    const row = scores.subarray(start, start + classes);
    const highest = Math.max(...row); // taken off first: exp() of a large score would overflow
    const powers = row.map(score => Math.exp(score - highest));
    const sum = powers.reduce((total, power) => total + power);
    result.set(powers.map(power => power / sum), start);
  }
  return result;
}

/** Mean cross-entropy: how surprised the model is by the truth. */
export function lossOf(probabilities: Float64Array, labels: readonly number[]): number {
  const classes = probabilities.length / labels.length;
  let sum = 0;
  labels.forEach((label, row) => sum -= Math.log(probabilities[row * classes + label]));
  return sum / labels.length;
}

/** Samples whose likeliest class is the true one. */
export function countCorrect(probabilities: Float64Array, labels: readonly number[]): number {
  const classes = probabilities.length / labels.length;
  return labels.filter((label, row) => {
    const scores = probabilities.subarray(row * classes, (row + 1) * classes);
    return scores.indexOf(Math.max(...scores)) === label;
  }).length;
}
