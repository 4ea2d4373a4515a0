import { choices, type Lesson } from "./lesson.js";

export const time: Lesson = {
  id: "time",
  title: "Time against filters",
  about: "Does twice the filters take twice the time, or does it explode?",
  steps: [
    {
      text: 'Some say: "Filters and time are exponentially proportional." Count first. Each filter does the same work, so twice the filters are twice the multiply-adds.',
      show: [
        { title: "8 filters", link: "network=one-conv&tab=train&filters=8" },
        { title: "16 filters", link: "network=one-conv&tab=train&filters=16" },
      ],
      predict: true,
      question: "The settings count the multiply-adds. How many will 16 filters need, beside 8?",
      choices: choices("*twice as many", "four times as many", "256 times as many"),
      answer: "Twice as many, to the last one. The work is a straight line through zero.",
    },
    {
      text: "Now measure it, here. An exponential that doubles from 1 to 2 filters would double again with each further one: 64 filters would take more than ten billion billion times as long as one.",
      show: [{ title: "From 1 to 64 filters", link: "tab=time" }],
      predict: true,
      question: "You will press Measure there. How will the time grow from 1 to 64 filters?",
      choices: choices("*along a straight line", "twice as long with each further filter", "not at all"),
      answer:
        "Along the line, or near it. The sentence above the picture says by how much each of them is off on your machine.",
    },
    {
      text: "Plain loops, as in a textbook, are slower by a factor. A factor is not another curve.",
      show: [{ title: "Plain loops, up to 16", link: "tab=time&time-to=16&time-by=loops" }],
      question: "Why did somebody's 4 filters take so much longer than 1, then?",
      choices: choices("because of the number of filters", "*for another reason", "by chance"),
      answer:
        "Not because of the number of filters alone. Memory that runs full, or arrays that are copied in each step, can do that; counting tells what should be, and measuring what is.",
    },
    {
      text: "The kernel's side is another matter: a kernel of 5×5 has 25 weights, one of 3×3 has 9.",
      show: [{ title: "Kernels up to 9×9", link: "tab=time&time=kernel&time-to=9" }],
      predict: true,
      question: "By what does the work of a convolution grow if the side doubles?",
      choices: choices("twice", "*four times", "eight times"),
      answer: "Four times, as the side squared. That isn't exponential either.",
    },
  ],
};
