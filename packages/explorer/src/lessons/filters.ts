import { choices, type Lesson } from "./lesson.js";

export const filters: Lesson = {
  id: "filters",
  title: "What a filter sees",
  about: "Nine weights slide over the picture and look for one thing.",
  steps: [
    {
      text: "A filter is nine weights. They lie on nine pixels: each weight times its pixel, all of it added up, and the bias. That is one number of the next layer.",
      show: [
        { title: "A number and its sum", link: "cell=conv1.out[0,5,15,15]" },
        { title: "One of the nine weights", link: "cell=conv1.weight[5,0,1,2]" },
      ],
      question: "How many multiplications are in this one number?",
      choices: choices("3", "*9", "676"),
      answer: "Nine: a weight for each of the 3×3 pixels. The bias is only added.",
    },
    {
      text: "Where the picture is paper, all nine pixels are 0. The sum is then the bias alone, everywhere the same.",
      show: [{ title: "A corner of the picture", link: "cell=conv1.out[0,5,0,0]" }],
      question: "The bias of this filter is −0.78. What does ReLU make of the paper?",
      choices: choices("−0.78", "*0", "0.78"),
      answer:
        "0, because −0.78 is below 0. A negative bias is a threshold: the filter stays silent until it sees enough.",
    },
    {
      text: "Filter 5 has its positive weights on the right and its negative ones on the left. It answers where ink lies on the right and paper on the left: at left edges.",
      show: [
        { title: "Where it answers most", link: "cell=conv1.out[0,5,15,15]" },
        { title: "What passes ReLU", link: "cell=relu1.out[0,5,15,15]" },
        { title: "The same filter on a 1", link: "sample=1.0&cell=relu1.out[0,5,12,12]" },
      ],
      question: "Draw a thick bar on the empty pad. Which side of it does filter 5 find?",
      choices: choices("*the left one", "the right one", "both"),
      answer:
        "The left one. At the right one ink meets the negative weights, the sum is below 0, and ReLU makes it 0.",
    },
    {
      text: "Max-pooling keeps the largest of four neighbours. The map gets half as high and half as wide, and it no longer matters if the edge was one pixel further.",
      show: [{ title: "Four numbers become one", link: "cell=pool1.out[0,5,7,7]" }],
      question: "How many numbers of the 26×26 map are dropped?",
      choices: choices("one of four", "half of them", "*three of four"),
      answer: "Three of four: of 676 numbers 169 are left.",
    },
  ],
};
