import { choices, type Lesson } from "./lesson.js";

const rate = (value: string) =>
  `tab=train&images=1000&validation=200&optimizer=sgd&schedule=constant&epochs=5&rate=${value}`;

export const learningRate: Lesson = {
  id: "learning-rate",
  title: "What the learning rate does",
  about: "The same network, the same digits, and steps of different lengths.",
  steps: [
    {
      text: "A step moves each weight against its gradient: weight − learning rate × gradient. See one step in full before you take many.",
      show: [{ title: "Settings for one step", link: rate("0.05") }],
      question: "Press One step. A gradient of 0.2 and a rate of 0.05: by how much does the weight change?",
      choices: choices("by 0.01", "*by −0.01", "by −0.2"),
      answer:
        "By −0.01: 0.05 × 0.2, against the gradient. Open a weight in the network and check it with its own gradient.",
    },
    {
      text: "Now five epochs with a very small learning rate. Ten digits are to be told apart, so guessing gets one of ten right.",
      show: [{ title: "Train with 0.0005", link: rate("0.0005"), train: true }],
      predict: true,
      question: "How many of the digits that were set aside will it get right after them?",
      choices: choices("about one of ten", "*about half", "nearly all"),
      answer:
        "About half. Look at the loss: it falls all the time, but slowly. The network isn't bad, it is only at the beginning: it would get there with many more epochs.",
    },
    {
      text: "The same again with a rate that is a hundred times as large. Its curves will lie over those of before, and each has its name.",
      show: [{ title: "Train with 0.05", link: rate("0.05"), train: true }],
      predict: true,
      question: "How many of the digits that were set aside will it get right now?",
      choices: choices("about half again", "*about three of four", "every one"),
      answer:
        "About three of four, with the same work: the same digits in the same order, the same first weights, as many steps. Only their length is different.",
    },
    {
      text: "And with steps that are far too long? The gradient tells the slope here, not at the other side of the valley.",
      show: [{ title: "Train with 5", link: rate("5"), train: true }],
      predict: true,
      question: "How many of the digits that were set aside will it get right?",
      choices: choices("*about one of ten", "about three of four", "nearly all"),
      answer:
        "About one of ten, and a loss of 2.3 or more. That is guessing: there are ten digits, and the loss of a guess is ln 10 = 2.303. Long steps can switch ReLUs off for good, and then no gradient brings them back. Begin anew with a smaller rate.",
    },
  ],
};
