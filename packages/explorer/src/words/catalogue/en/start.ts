/** *Start here*. */
export const start = {
  "start.title": "Start here",
  "start.sentence":
    "Draw a digit: a small network reads it, and every number that it computes opens with a click.",
  "start.about": { one: "One short step", other: "{count} short steps, which move by themselves" },
  "start.step": "Step {number} of {total}",
  "start.pause": "Pause",
  "start.play": "Play",
  "start.again": "Once more",
  "start.back": "Back",
  "start.skip": "Next",
  "start.end": "Done",
  "start.leave": "Leave these steps",
  "start.draw.title": "Draw",
  "start.draw.text":
    "Somebody draws a 7. The network sees 28 × 28 squares, each one a number: 0 is white paper, 1 is ink. The bars say how sure it is of each digit.",
  "start.kernel.title": "A kernel slides over the digit",
  "start.kernel.text":
    "A kernel is nine weights, and it lies on nine pixels. Each weight times its pixel, all added up: that is one number of the map. Then it moves on by one pixel. First slowly, then fast, until the map is full.",
  "start.relu.title": "ReLU",
  "start.relu.text":
    "A number above 0 stays as it is. A number below 0 becomes 0. What is left shows where the kernel found what it looks for.",
  "start.pool.title": "Pooling",
  "start.pool.text":
    "Of four neighbours only the largest goes on. The map is half as wide and half as high, and it hardly matters whether the digit stands one pixel further left.",
  "start.scores.title": "Ten scores",
  "start.scores.text":
    "Each digit has a weight for every number that is left. Times, plus: that is its score. The highest score wins. Here it is {class}, with {share}.",
  "start.back.title": "The loss, and the way back",
  "start.back.text":
    "Let us say it was meant to be a {class}. The loss says how wrong the answer is then: {loss}. Now back from there: how would the loss change if a number grew a little? That is its gradient. Training moves each weight a small step against it.",
  "start.over": "Now you: draw a digit, and click any square.",
} as const;
