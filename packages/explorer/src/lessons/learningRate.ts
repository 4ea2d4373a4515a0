import type { Lesson } from "./lesson.js";

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
      answer:
        "By −0.01: 0.05 × 0.2, against the gradient. Open a weight in the network and check it with its own gradient.",
    },
    {
      text: "A small learning rate is safe and slow. Look at the loss: it falls, but how far does it come in five epochs?",
      show: [{ title: "Train with 0.0005", link: rate("0.0005"), train: true }],
      question: "Is the network bad?",
      answer: "No, it is only at the beginning. It would get there with many more epochs.",
    },
    {
      text: "A larger one gets further with the same work.",
      show: [{ title: "Train with 0.05", link: rate("0.05"), train: true }],
      question: "Compare the accuracy with that of the small rate. What else is different between the two?",
      answer:
        "Nothing: the same digits in the same order, the same first weights, as many steps. Only their length.",
    },
    {
      text: "And with steps that are far too long? The gradient tells the slope here, not at the other side of the valley.",
      show: [{ title: "Train with 5", link: rate("5"), train: true }],
      question: "What is 10% right, and a loss of 2.3 or more?",
      answer:
        "Guessing: there are ten digits, and the loss of a guess is ln 10 = 2.303. Long steps can switch ReLUs off for good, and then no gradient brings them back. Begin anew with a smaller rate.",
    },
  ],
};
