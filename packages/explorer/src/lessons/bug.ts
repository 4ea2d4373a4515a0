import { riddleOf } from "../broken/riddles.js";
import type { Lesson } from "./lesson.js";

const mistake = (name: string) => `tab=break&mistake=${riddleOf(name)}`;

export const bug: Lesson = {
  id: "bug",
  title: "Find the bug",
  about: "Four broken networks: name the mistake before you look it up.",
  steps: [
    {
      text: "The loss stays at 2.30 from the first step on, and each picture gets the same answer. The code is right.",
      show: [{ title: "See it train", link: mistake("weights-start-at-zero") }],
      question: "What was wrong before the first step?",
      answer:
        "All weights began at 0. Then each filter gives 0, and a weight's gradient is 0, too. Only the last biases move. 2.30 is ln 10: the loss of a guess among ten.",
    },
    {
      text: "It learns much more slowly than it should. With batches of one image it is right; the larger the batch, the worse it gets.",
      show: [{ title: "See it train", link: mistake("batch-overwritten") }],
      question: "Which two characters in the code are wrong?",
      answer:
        "= for +=. In the loop over the images each one overwrites the gradient of the one before, so only the last one counts.",
    },
    {
      text: "Training goes, but slowly, and on new digits the network is hardly better than a guess. Nothing in the network is wrong.",
      show: [{ title: "See it train", link: mistake("labels-shuffled") }],
      question: "Where would you look?",
      answer: "At the data: images and labels were shuffled apart. Look at ten of them before you train.",
    },
    {
      text: "Here is the worst kind: the curves look right.",
      show: [{ title: "See it train", link: mistake("pool-gradient-to-all") }],
      question: "How would you find a mistake that still learns?",
      answer:
        "Not by training. Compare the numbers of the backward pass with a right one: unravel check does it, and Open, Check yours on this page.",
    },
  ],
};
